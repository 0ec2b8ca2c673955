/** What a delivery changed: rows compared with the newest accepted data, files compared by name and digest. */
import type { ModelConfig } from '../../config/model.ts';
import { fetchBlob } from '../../store/content.ts';
import { ObjectMissing } from '../../store/errors.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Accepted } from '../accepted.ts';
import type { RawSnapshot } from '../contract.ts';
import { rowsOf, withDuckDb } from '../engine.ts';
import { readSnapshot } from '../snapshots.ts';
import { parquetOf, quoteInstant, quoteName } from '../sql-text.ts';
import { dayText } from './cadence.ts';
import { changeSentences } from './change-sentences.ts';
import type { ChangeKind, Changes, Period } from './contract.ts';
import type { OpenedSource } from './open-source.ts';
import { windowStart } from './source-table.ts';

/** More periods of one kind than this are told as one. */
const MAX_PERIODS = 50;

export interface ChangesInput {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly cacheDir: string;
  readonly dir: string;
  readonly memoryMb: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Only months whose file differs are read again, one at a time. Rows are matched by id; labels, their times and outcomes
 * that were unknown before are no correction.
 *
 * @param previous null where nothing was accepted yet
 */
export async function changesSince(
  previous: Accepted | null,
  now: RawSnapshot,
  source: Pick<OpenedSource, 'repeated' | 'waiting'>,
  input: ChangesInput,
): Promise<Changes> {
  const compared = previous === null ? null : await compare(previous.raw, now, input);
  const { before, days } = compared ?? { before: null, days: [] };
  const facts: Omit<Changes, 'sentences'> = {
    since: previous && before && { run: previous.run, as_of: previous.as_of, raw: previous.raw },
    periods: periodsOf(days),
    labelled: days.reduce((total, { labelled }) => total + labelled, 0),
    files: compareFiles(before?.deliveries ?? [], now.deliveries ?? [], source),
    gaps: (now.gaps ?? []).slice(-MAX_PERIODS),
  };
  return { ...facts, sentences: changeSentences(facts, now, source.repeated) };
}

interface Day {
  readonly day: number;
  readonly before: number;
  readonly counts: Readonly<Record<Exclude<ChangeKind, 'out_of_order'>, number>>;
  readonly labelled: number;
}

/**
 * Null where it was removed from the store (old snapshots may be cleaned up), or has not the columns that the model file
 * names now: a comparison is no need, and must not stop a run.
 */
async function compare(
  digest: string,
  now: RawSnapshot,
  input: ChangesInput,
): Promise<{ before: RawSnapshot; days: Day[] } | null> {
  try {
    const before = await readSnapshot(input.store, digest, 'raw');
    const { id, event_time } = input.config.data;
    const typeOf = (column: string) => before.columns.find(({ name }) => name === column)?.type;
    if (typeOf(id) === undefined || !typeOf(event_time)?.startsWith('TIMESTAMP')) return null;
    return { before, days: await compareRows(before, now, input) };
  } catch (error) {
    if (error instanceof ObjectMissing) return null;
    throw error;
  }
}

async function compareRows(before: RawSnapshot, now: RawSnapshot, input: ChangesInput): Promise<Day[]> {
  const { store, config, cacheDir, dir, memoryMb, signal } = input;
  const names = [...new Set([...before.files, ...now.files].map(({ name }) => name))].sort();
  const path = async (file: { sha256: string } | undefined) =>
    file === undefined ? [] : [await fetchBlob(store, file.sha256, cacheDir)];
  const newestFile = before.files.at(-1);
  return await withDuckDb(
    { tempDir: dir, memoryMb },
    async (db) => {
      const time = quoteName(config.data.event_time);
      const newest = `SELECT epoch_ms(max(${time})) AS ms FROM ${parquetOf(await path(newestFile))}`;
      const seenUntil = Number((await rowsOf(db, newest))[0]?.['ms']);
      const days: Day[] = [];
      for (const name of names) {
        const [old, fresh] = [before, now].map(({ files }) => files.find((file) => file.name === name));
        if (old?.sha256 === fresh?.sha256) continue;
        const sides = { before: await path(old), now: await path(fresh) };
        const sql = monthSql(config, before, now, sides, seenUntil);
        days.push(...(await rowsOf(db, sql)).map(toDay));
      }
      return days;
    },
    signal,
  );
}

/** One row a day on which anything differs; 1 is what was there, 2 what is there now. */
function monthSql(
  config: ModelConfig,
  before: RawSnapshot,
  now: RawSnapshot,
  paths: { before: string[]; now: string[] },
  seenUntil: number,
): string {
  const { id, event_time, label, outcomes } = config.data;
  const time = quoteName(event_time);
  const types = new Map(before.columns.map(({ name, type }) => [name, type]));
  const later = new Set([label.column, ...outcomes, ...(label.available_at === null ? [] : [label.available_at])]);
  const known = now.columns
    .filter(({ name }) => types.has(name) && !later.has(name))
    .map(({ name, type }) => (types.get(name) === type ? quoteName(name) : `CAST(${quoteName(name)} AS VARCHAR)`));
  // a rolling window loses its oldest rows: they were not removed by anybody
  const start = windowStart(config, now.as_of);
  const from = start === null ? '' : ` AND ${time} >= ${quoteInstant(start)}`;
  const side = (files: string[], which: number, labels: string) =>
    `SELECT ${which} AS side, hash(CAST(${quoteName(id)} AS VARCHAR)) AS id, epoch_ms(${time}) AS ms, hash(${known.join(', ')}) AS said,
            ${labels} IS NOT NULL AS known, hash(CAST(${labels} AS VARCHAR)) AS label
     FROM ${parquetOf(files)} WHERE true${from}`;
  const sides = [
    ...(paths.before.length ? [side(paths.before, 1, types.has(label.column) ? quoteName(label.column) : 'NULL')] : []),
    ...(paths.now.length ? [side(paths.now, 2, quoteName(label.column))] : []),
  ];
  const of = (aggregate: string, which: number) => `${aggregate} FILTER (side = ${which})`;
  return `
    WITH ids AS (
      SELECT min(ms) AS ms, ${of('count(*)', 1)} AS n1, ${of('count(*)', 2)} AS n2,
             ${of('min(said)', 1)} IS DISTINCT FROM ${of('min(said)', 2)} OR ${of('max(said)', 1)} IS DISTINCT FROM ${of('max(said)', 2)} AS differs,
             count(*) FILTER (side = 1 AND known) AS k1, count(*) FILTER (side = 2 AND known) AS k2,
             ${of('max(label)', 1)} IS DISTINCT FROM ${of('max(label)', 2)} AS relabelled
      FROM (${sides.join(' UNION ALL ')}) GROUP BY id)
    SELECT ms // 86400000 AS day, sum(n1) AS before,
           coalesce(sum(n2) FILTER (n1 = 0 AND ms > ${seenUntil}), 0) AS new,
           coalesce(sum(n2) FILTER (n1 = 0 AND ms <= ${seenUntil}), 0) AS late,
           coalesce(sum(n1) FILTER (n2 = 0), 0) AS removed,
           coalesce(sum(n2) FILTER (n1 > 0 AND n2 > 0 AND (differs OR k2 < k1 OR (k1 = n1 AND relabelled))), 0) AS corrected,
           coalesce(sum(k2 - k1) FILTER (n1 > 0 AND k2 > k1), 0) AS labelled
    FROM ids GROUP BY 1 ORDER BY 1`;
}

function toDay(row: Record<string, unknown>): Day {
  const n = (name: string) => Number(row[name]);
  const counts = { new: n('new'), late: n('late'), removed: n('removed'), corrected: n('corrected') };
  return { day: n('day'), before: n('before'), counts, labelled: n('labelled') };
}

const order: readonly ChangeKind[] = ['corrected', 'removed', 'out_of_order', 'late', 'new'];

function periodsOf(days: readonly Day[]): Period[] {
  const byDay = days.flatMap(({ day, before, counts }) =>
    Object.entries(counts).flatMap(([kind, rows]) =>
      rows === 0 ? [] : [{ day, rows, kind: (kind === 'late' && before === 0 ? 'out_of_order' : kind) as ChangeKind }],
    ),
  );
  return order.flatMap((kind) => {
    const periods: { kind: ChangeKind; first: number; last: number; rows: number }[] = [];
    for (const { day, rows } of byDay.filter((each) => each.kind === kind)) {
      const open = periods.at(-1);
      if (open && day - open.last <= 1) Object.assign(open, { last: day, rows: open.rows + rows });
      else periods.push({ kind, first: day, last: day, rows });
    }
    const [first] = periods;
    const last = periods.at(-1);
    if (first && last && periods.length > MAX_PERIODS) {
      const rows = periods.reduce((total, period) => total + period.rows, 0);
      return [{ kind, from: dayText(first.first), to: dayText(last.last), rows }];
    }
    return periods.map((period) => ({
      kind,
      from: dayText(period.first),
      to: dayText(period.last),
      rows: period.rows,
    }));
  });
}

function compareFiles(
  before: NonNullable<RawSnapshot['deliveries']>,
  now: NonNullable<RawSnapshot['deliveries']>,
  { repeated, waiting }: Pick<OpenedSource, 'repeated' | 'waiting'>,
): Changes['files'] {
  const old = new Map(before.map(({ name, sha256 }) => [name, sha256]));
  const fresh = new Map(now.map(({ name, sha256 }) => [name, sha256]));
  const names = (found: readonly string[]) => ({ count: found.length, names: found.slice(0, 20) });
  return {
    new: names([...fresh.keys()].filter((name) => !old.has(name))),
    changed: names(
      [...fresh].filter(([name, sha256]) => old.has(name) && old.get(name) !== sha256).map(([name]) => name),
    ),
    gone: names([...old.keys()].filter((name) => !fresh.has(name))),
    repeated: names(repeated.map(({ name }) => name)),
    waiting: names(waiting),
  };
}
