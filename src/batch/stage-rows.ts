/** Rows to be scored, read from any source, checked whole, and kept as one Parquet file a UTC day. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../config/model.ts';
import { type Connection, rowsOf, withDuckDb } from '../data/engine.ts';
import { describeSource, openSource } from '../data/ingest/open-source.ts';
import { checkUnchanged } from '../data/ingest/source-files.ts';
import { columnsOf, readable, sourceRelation } from '../data/ingest/source-reader.ts';
import { quoteInstant, quoteName, quoteText } from '../data/sql-text.ts';
import type { ServedDefinition } from '../serving/contract.ts';
import { putBlob } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { BatchPlan } from './contract.ts';
import { BatchRowsUnsuitable, BatchWithoutRows } from './errors.ts';

export interface StageInput {
  readonly store: ObjectStore;
  /** Its `data.source` is what is read. */
  readonly config: ModelConfig;
  readonly served: ServedDefinition;
  /** Event times, half-open; null: every row. */
  readonly window: { readonly from: string; readonly to: string } | null;
  /** Relative paths of the source start here. */
  readonly base: string;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly signal?: AbortSignal | undefined;
}

export type Staged = Pick<BatchPlan, 'source' | 'deliveries' | 'rows' | 'outside_window' | 'parts'>;

const MEMORY_MB = 1024;
const ALL_TIME = { from: null, to: '9999-12-31T00:00:00.000Z' } as const;

/**
 * Columns of a staged file: those that the version reads, under their own types, in order of event time and id.
 *
 * @throws BatchRowsUnsuitable for a missing column, a value that is not of its type, an id or event time that is missing,
 * an id that comes twice; BatchWithoutRows; whatever `openSource` refuses
 */
export async function stageRows(input: StageInput): Promise<Staged> {
  const { config, window, workDir, signal } = input;
  const source = describeSource(config.data.source);
  await mkdir(workDir, { recursive: true });
  const dir = await mkdtemp(join(workDir, 'stage-'));
  try {
    const opened = await openSource({ ...input, dir, window: window ?? ALL_TIME });
    const { files } = opened;
    const allowedPaths = [...files.map(({ path }) => path), `${dir}/`];
    const staged = await withDuckDb(
      { tempDir: dir, memoryMb: MEMORY_MB, lockDown: true, allowedPaths },
      (db) =>
        readable(db, files, async () => {
          const relation = await sourceRelation({ db, ...opened, config, dir });
          await createRows(db, relation, source, input);
          return await writeDays(db, source, input, dir);
        }),
      signal,
    );
    await checkUnchanged(files);
    const deliveries = files.map(({ origin, sha256, bytes }) => ({ name: origin, sha256, bytes }));
    return { source, deliveries, ...staged };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The table `rows`: each needed column in its own type, and `_t`, the event time. */
async function createRows(db: Connection, relation: string, source: string, input: StageInput): Promise<void> {
  const { raw_types, id, event_time } = input.served;
  const needed = new Map(Object.entries(raw_types));
  for (const name of [id, event_time]) if (!needed.has(name)) needed.set(name, 'VARCHAR');
  const found = new Map((await columnsOf(db, relation)).map(({ name, type }) => [name, type]));
  const missing = [...needed.keys()].filter((name) => !found.has(name));
  if (missing.length > 0) throw new BatchRowsUnsuitable(source, [`there is no column ${missing.join(', ')}`]);

  // Where JSON lines hold texts and numbers in one column, the engine keeps them as they were written, quotes and all.
  const value = (name: string) => (found.get(name) === 'JSON' ? `(${quoteName(name)} ->> '$')` : quoteName(name));
  const cast = (name: string, type: string) => `TRY_CAST(${value(name)} AS ${type})`;
  const columns = [...needed].map(([name, type]) => ({ name, type, counted: type !== 'VARCHAR' }));
  const unfit = columns
    .filter(({ counted }) => counted)
    .map(({ name, type }, i) => {
      const bad = `${value(name)} IS NOT NULL AND ${cast(name, type)} IS NULL`;
      return `count(*) FILTER (${bad}) AS n${i}, any_value(CAST(${value(name)} AS VARCHAR)) FILTER (${bad}) AS x${i}`;
    });
  const time = cast(event_time, 'TIMESTAMPTZ');
  const keys = [
    `count(*) FILTER (nullif(CAST(${value(id)} AS VARCHAR), '') IS NULL) AS no_id`,
    `count(*) FILTER (${time} IS NULL) AS no_time`,
  ];
  const [counts] = await rowsOf(db, `SELECT ${[...unfit, ...keys].join(', ')} FROM ${relation}`);
  const problems = columns
    .filter(({ counted }) => counted)
    .flatMap(({ name, type }, i) =>
      Number(counts?.[`n${i}`]) > 0
        ? [`${counts?.[`n${i}`]} values of ${name} are no ${type}, such as ${JSON.stringify(counts?.[`x${i}`])}`]
        : [],
    );
  if (Number(counts?.['no_id']) > 0) problems.push(`${counts?.['no_id']} rows have no ${id}`);
  if (Number(counts?.['no_time']) > 0) problems.push(`${counts?.['no_time']} rows have no usable ${event_time}`);
  if (problems.length > 0) throw new BatchRowsUnsuitable(source, problems);

  const select = columns.map(({ name, type }) => `${cast(name, type)} AS ${quoteName(name)}`);
  await db.run(`CREATE TABLE rows AS SELECT ${select.join(', ')}, ${time} AS _t FROM ${relation}`);
}

async function writeDays(
  db: Connection,
  source: string,
  { store, served, window }: StageInput,
  dir: string,
): Promise<Pick<Staged, 'rows' | 'outside_window' | 'parts'>> {
  const inside = window === null ? 'true' : `_t >= ${quoteInstant(window.from)} AND _t < ${quoteInstant(window.to)}`;
  const id = quoteName(served.id);
  const [total] = await rowsOf(
    db,
    `SELECT count(*) FILTER (${inside}) AS rows, count(*) FILTER (NOT (${inside})) AS outside,
       count(DISTINCT CASE WHEN ${inside} THEN CAST(${id} AS VARCHAR) END) AS ids FROM rows`,
  );
  const [rows, outside, ids] = [Number(total?.['rows']), Number(total?.['outside']), Number(total?.['ids'])];
  if (rows === 0) throw new BatchWithoutRows(source, window, outside);
  if (ids < rows) throw new BatchRowsUnsuitable(source, [await repeatedId(db, id, inside, rows - ids)]);

  const days = await rowsOf(
    db,
    `SELECT strftime(_t, '%Y-%m-%d') AS day, count(*) AS rows FROM rows WHERE ${inside} GROUP BY 1 ORDER BY 1`,
  );
  const parts: Staged['parts'] = [];
  for (const { day, rows: count } of days) {
    const path = join(dir, `day-${day}.parquet`);
    await db.run(
      `COPY (SELECT * EXCLUDE (_t) FROM rows WHERE ${inside} AND strftime(_t, '%Y-%m-%d') = ${quoteText(String(day))}
       ORDER BY _t, CAST(${id} AS VARCHAR)) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    const file = await putBlob(store, { path }, `${day}.parquet`);
    parts.push({ day: String(day), rows: Number(count), input: file });
    await rm(path, { force: true });
  }
  return { rows, outside_window: outside, parts };
}

async function repeatedId(db: Connection, id: string, inside: string, more: number): Promise<string> {
  const [one] = await rowsOf(
    db,
    `SELECT CAST(${id} AS VARCHAR) AS id, count(*) AS n FROM rows WHERE ${inside} GROUP BY 1 HAVING count(*) > 1
     ORDER BY 2 DESC, 1 LIMIT 1`,
  );
  return `${more} rows repeat an id, such as ${one?.['id']}, which comes ${one?.['n']} times`;
}
