/** Which rows that were set aside may come back: those that hold today's rules, or those that a person vouches for. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../../../config/model.ts';
import { fetchBlob } from '../../../store/content.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import type { SetAsideRows } from '../../contract.ts';
import { type Connection, rowsOf, withDuckDb } from '../../engine.ts';
import { quoteList, quoteName, quoteText } from '../../sql-text.ts';
import { ReadmissionRefused } from '../errors.ts';
import { validate } from '../validate.ts';
import { isNamed, type QuarantineRecord, reasonText } from './record.ts';
import { PLACE, REASONS, writeRows } from './rows.ts';

const NAMED = 20;

export interface ReadmitInput {
  readonly store: ObjectStore;
  /** The model file as it is now. */
  readonly config: ModelConfig;
  readonly record: QuarantineRecord;
  /** Only rows under this rule, by any of the names that `isNamed` takes; all rows where none is named. */
  readonly rule?: string;
  /** Folder that relative paths of `references` rules start at. */
  readonly base: string;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly signal?: AbortSignal;
}

type Reasons = SetAsideRows['reasons'];

/**
 * Validates the delivery of that run again, as a whole, under today's rules.
 *
 * @returns the chosen rows that are not set aside any more, and by what the others still are
 * @throws ReadmissionRefused where the rules reject the whole delivery, or every chosen row still breaks one
 */
export async function rowsThatHold(input: ReadmitInput): Promise<{ rows: SetAsideRows; held: Reasons }> {
  const { store, config, record, base, cacheDir, workDir, signal } = input;
  const chosen = chosenReasons(input);
  const { raw, as_of: asOf } = record;
  const again = await validate({ store, config, raw, asOf, base, cacheDir, workDir, ...(signal ? { signal } : {}) });
  if (again.verdict === 'reject')
    throw refused(input, `today's rules refuse that delivery as a whole. ${again.sentence}`);

  const now = again.aside ? await fetchBlob(store, again.aside.file.sha256, cacheDir) : null;
  return await withRows(input, now === null ? [] : [now], async (db, path, dir) => {
    const old = chosenRows(path, chosen);
    const match = PLACE.map((name) => `o.${name} = n.${name}`).join(' AND ');
    const still = now === null ? null : `SELECT 1 FROM read_parquet(${quoteText(now)}) n WHERE ${match}`;
    const rows = await writeRows(
      db,
      `SELECT * FROM (${old}) o ${still ? `WHERE NOT EXISTS (${still})` : ''}`,
      record.aside.reasons,
      { store, dir },
    );
    const counted = now
      ? await rowsOf(
          db,
          `SELECT reason, count(*) AS n FROM (
             SELECT unnest(n.${quoteName(REASONS)}) AS reason FROM (${old}) o JOIN read_parquet(${quoteText(now)}) n ON ${match}
           ) GROUP BY reason ORDER BY reason`,
        )
      : [];
    const held = counted.flatMap(({ reason, n }) => {
      const found = again.aside?.reasons[Number(reason)];
      return found ? [{ ...found, count: Number(n) }] : [];
    });
    if (rows) return { rows, held };
    const why = held.map((reason) => `${reasonText(reason)} (${reason.count} rows)`).join(', ');
    throw refused(input, `every one of these rows still breaks a rule of the model file: ${why}`);
  });
}

/**
 * @param ids rows that the person vouches for; null: all rows that the rule set aside
 * @throws ReadmissionRefused unless `rule` names exactly one rule; for copies under `unique`; for an id that it did not set aside
 */
export async function rowsVouchedFor(input: ReadmitInput, ids: readonly string[] | null): Promise<SetAsideRows> {
  const { store, config, record } = input;
  const [reason, ...others] = chosenReasons(input);
  const definition = reason === undefined ? undefined : record.aside.reasons[reason];
  if (reason === undefined || definition === undefined || others.length > 0) {
    const names = record.aside.reasons.map(reasonText).join('", "');
    throw refused(input, `a person vouches for rows under one rule. Name one of "${names}" with --rule`);
  }
  if (definition.rule === 'unique' || definition.rule === 'repeated_content') {
    throw refused(
      input,
      'copies of a row would count twice, so nobody can vouch for them. Mend the source, or the rule',
    );
  }
  return await withRows(input, [], async (db, path, dir) => {
    const id = `CAST(${quoteName(config.data.id)} AS VARCHAR)`;
    const all = chosenRows(path, [reason]);
    if (ids !== null) {
      const wrong = await rowsOf(
        db,
        `SELECT wanted FROM (SELECT unnest(${quoteList(ids)}) AS wanted) WHERE wanted NOT IN (SELECT ${id} FROM (${all}) WHERE ${id} IS NOT NULL)`,
      );
      if (wrong.length > 0) {
        const named = wrong.slice(0, NAMED).map(({ wanted }) => String(wanted));
        throw refused(input, `${reasonText(definition)} did not set aside ${config.data.id} ${named.join(', ')}`);
      }
    }
    const select = `SELECT * REPLACE ([0]::INTEGER[] AS ${quoteName(REASONS)}) FROM (${all})
      WHERE ${id} IS NOT NULL${ids === null ? '' : ` AND ${id} IN (SELECT unnest(${quoteList(ids)}))`}`;
    const rows = await writeRows(db, select, [definition], { store, dir });
    if (rows === null) throw refused(input, 'none of these rows has an id, so they could not be known again');
    return rows;
  });
}

/** Positions of the reasons that were asked for. */
function chosenReasons(input: ReadmitInput): number[] {
  const { record, rule } = input;
  const chosen = record.aside.reasons.flatMap((reason, i) => (rule === undefined || isNamed(reason, rule) ? [i] : []));
  if (chosen.length > 0) return chosen;
  const names = record.aside.reasons.map(reasonText).join('", "');
  throw refused(input, `no rule "${rule}" set rows aside in that run; there are "${names}"`);
}

function chosenRows(path: string, reasons: readonly number[]): string {
  return `SELECT * FROM read_parquet(${quoteText(path)}) WHERE list_has_any(${quoteName(REASONS)}, [${reasons.join(', ')}]::INTEGER[])`;
}

async function withRows<T>(
  { store, record, cacheDir, workDir, signal }: ReadmitInput,
  others: readonly string[],
  work: (db: Connection, path: string, dir: string) => Promise<T>,
): Promise<T> {
  const path = await fetchBlob(store, record.aside.file.sha256, cacheDir);
  await mkdir(workDir, { recursive: true });
  const dir = await mkdtemp(join(workDir, 'readmit-'));
  try {
    const allowedPaths = [path, ...others, `${dir}/`];
    return await withDuckDb({ tempDir: dir, lockDown: true, allowedPaths }, (db) => work(db, path, dir), signal);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function refused({ record, config }: ReadmitInput, why: string): ReadmissionRefused {
  return new ReadmissionRefused(config.model, record.run, why);
}
