/** Recomputes the features of a sample of logged predictions from the newest accepted delivery, with the version's own definition. */
import type { ModelConfig } from '../config/model.ts';
import { newestAccepted } from '../data/accepted.ts';
import { withDuckDb } from '../data/engine.ts';
import { UserSqlFailed } from '../data/errors.ts';
import { type FeatureColumn, type FeatureDefinition, featureSelect } from '../data/features/definition.ts';
import { ReferenceMissing } from '../data/features/errors.ts';
import { lookupTables } from '../data/features/lookup-tables.ts';
import { withLookups } from '../data/features/row-relation.ts';
import { type OpenedRows, withRawRows } from '../data/features/row-select.ts';
import { WINDOWS } from '../data/features/visible-columns.ts';
import { parquetOf, quoteInstant, quoteList, quoteName } from '../data/sql-text.ts';
import { expressionParts } from '../data/user-sql.ts';
import { read } from '../drift/profile.ts';
import { versionManifest } from '../registry/contract.ts';
import { manifestKey } from '../registry/keys.ts';
import { FEATURE_DEFINITION_FILE, type ServedDefinition, servedDefinition } from '../serving/contract.ts';
import { getBlob, getDocument } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Finding, Window } from './contract.ts';
import { readLog } from './prediction-log.ts';
import { type FeatureValue, notJudged, type SkewColumn, skewFindings } from './skew.ts';
import { DAY, windowName } from './windows.ts';

export interface SkewRequest {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly champion: number;
  /** Only predictions from then on are the champion's own; null: all of them. */
  readonly promotedAt: string | null;
  readonly asOf: string;
  readonly cacheDir: string;
  readonly workDir: string;
}

/** Enough to see one wrong row in a thousand; the same rows at every look. */
const SAMPLE = 5000;
const WINDOW_DAYS = 7;

/**
 * The newest seven days that are both logged and delivered, at most 5,000 predictions by the hash of their id.
 *
 * @throws ObjectCorrupt, ObjectMissing for a damaged store; StoreUnreachable
 */
export async function checkSkew(request: SkewRequest): Promise<Finding[]> {
  const { store, config, champion, asOf, cacheDir } = request;
  const accepted = await newestAccepted(store, config.model, asOf);
  const window = windowOf(request, accepted?.window.to ?? asOf);
  if (accepted === null) return [notJudged(window, 'no delivery has been accepted yet')];
  if (window.from >= window.to) {
    return [
      notJudged(
        window,
        `the newest accepted delivery ends ${accepted.window.to}, before version ${champion} went live`,
      ),
    ];
  }
  const served = await servedBy(store, config.model, champion);
  if (served === null) return [notJudged(window, `version ${champion} has no feature definition of its own`)];
  const logs = await readLog(store, config.model, { from: window.from, to: window.to, cacheDir });
  if (logs.length === 0) return [notJudged(window, 'no prediction was logged in the days that are delivered')];
  const definition = served.definition as unknown as FeatureDefinition;
  const logged = await readSample(request, definition.columns, logs, window);
  try {
    return await withRawRows({ ...request, raw: accepted.accepted, definition }, (rows) =>
      compare(rows, request, served, window, logged),
    );
  } catch (error) {
    if (!(error instanceof UserSqlFailed || error instanceof ReferenceMissing)) throw error;
    return [
      notJudged(
        window,
        `the newest accepted delivery cannot give the features of version ${champion} (${error.message})`,
      ),
    ];
  }
}

function windowOf({ asOf, promotedAt }: SkewRequest, deliveredTo: string): Window {
  const to = Math.min(Date.parse(asOf), Date.parse(deliveredTo));
  const from = Math.max(to - WINDOW_DAYS * DAY, promotedAt === null ? 0 : Date.parse(promotedAt));
  return { from: new Date(Math.min(from, to)).toISOString(), to: new Date(to).toISOString() };
}

async function servedBy(store: ObjectStore, model: string, version: number): Promise<ServedDefinition | null> {
  const { files } = await getDocument(store, manifestKey(model, version), versionManifest);
  const file = files.find(({ name }) => name === FEATURE_DEFINITION_FILE);
  if (!file) return null;
  return servedDefinition.parse(JSON.parse(Buffer.from(await getBlob(store, file.sha256)).toString('utf8')));
}

/** Logged predictions, at most `SAMPLE`; values by feature in the order of the ids. */
interface Logged {
  readonly ids: readonly string[];
  readonly values: ReadonlyMap<string, readonly FeatureValue[]>;
  /** The oldest lookup that one of them was answered with, in milliseconds before its event; null where none was. */
  readonly lookupAgeMs: number | null;
}

/** The champion's own answers. Shadows answered nobody, and staged faults are not the model's. */
async function readSample(
  { champion, workDir }: SkewRequest,
  columns: readonly FeatureColumn[],
  logs: readonly string[],
  window: Window,
): Promise<Logged> {
  return await withDuckDb({ tempDir: workDir, threads: 1 }, async (db) => {
    const source = parquetOf(logs);
    const [names] = await read(db, `SELECT column_name FROM (DESCRIBE SELECT * FROM ${source})`);
    const present = new Set(names?.map(String));
    const kept = columns.filter(({ name }) => present.has(`f_${name}`));
    const values = kept.map((column) => comparable(column, quoteName(`f_${column.name}`)));
    const age = present.has('lookup_as_of')
      ? '(epoch_ms(event_time) - epoch_ms(lookup_as_of))::DOUBLE'
      : 'NULL::DOUBLE';
    const own =
      `version = ${champion} AND arm <> 'shadow' ${present.has('staged') ? 'AND NOT coalesce(staged, false)' : ''} ` +
      `AND epoch_ms(event_time) >= ${Date.parse(window.from)} AND epoch_ms(event_time) < ${Date.parse(window.to)}`;
    const chosen = `SELECT DISTINCT inference_id FROM ${source} WHERE ${own} ORDER BY hash(inference_id) LIMIT ${SAMPLE}`;
    const [ids = [], ages = [], ...rest] = await read(
      db,
      `SELECT inference_id, ${[age, ...values].join(', ')} FROM (
         SELECT DISTINCT ON (inference_id) * FROM ${source} WHERE ${own} AND inference_id IN (${chosen}))`,
    );
    const known = ages.filter((each) => each !== null).map(Number);
    return {
      ids: ids.map(String),
      values: new Map(kept.map(({ name }, i) => [name, (rest[i] ?? []) as FeatureValue[]])),
      lookupAgeMs: known.length > 0 ? Math.max(...known) : null,
    };
  });
}

/** @returns ids that are delivered, then the values of each column in the order of the ids */
async function recompute(
  rows: OpenedRows,
  columns: readonly FeatureColumn[],
  id: string,
  window: Window,
  ids: readonly string[],
): Promise<readonly (readonly unknown[])[]> {
  const { db, definition, data } = rows;
  const [key, time] = [`CAST(${quoteName(id)} AS VARCHAR)`, quoteName(data.event_time)];
  await db.run(`CREATE TEMP TABLE asked AS SELECT unnest(${quoteList(ids)}::VARCHAR[]) AS id`);
  const relation = withLookups(rows.relation, definition, await lookupTables(rows, window), data.event_time);
  const select = ['_id', ...columns.map((column) => comparable(column, quoteName(column.name)))];
  return await read(
    db,
    `SELECT ${select.join(', ')} FROM (SELECT DISTINCT ON (_id) * FROM (
       SELECT ${[`${key} AS _id`, featureSelect({ columns })].join(', ')} FROM ${relation}
       WHERE ${time} >= ${quoteInstant(window.from)} AND ${time} < ${quoteInstant(window.to)} AND ${key} IN (SELECT id FROM asked)
     )) ORDER BY _id`,
  );
}

/** Numbers without NaN and infinity, which the log writes as null; text without the empty one. */
function comparable({ type }: FeatureColumn, value: string): string {
  if (type === 'string') return `nullif(CAST(${value} AS VARCHAR), '')`;
  return `CASE WHEN isfinite(TRY_CAST(${value} AS DOUBLE)) THEN TRY_CAST(${value} AS DOUBLE) END`;
}

/** Side by side: rows that are both logged and delivered. */
async function compare(
  rows: OpenedRows,
  request: SkewRequest,
  served: ServedDefinition,
  window: Window,
  logged: Logged,
): Promise<Finding[]> {
  const { columns } = rows.definition;
  const judged = columns.filter(({ name }) => logged.values.has(name));
  const notKept = columns.filter((column) => !judged.includes(column)).map(({ name }) => name);
  if (judged.length === 0) return [notJudged(window, `the log keeps none of the features (${notKept.join(', ')})`)];
  const [delivered = [], ...values] = await recompute(rows, judged, served.id, window, logged.ids);
  const ids = delivered.map(String);
  if (ids.length === 0) {
    const reason =
      `none of ${logged.ids.length} predictions of ${windowName(window)} has its ${served.id} in the newest accepted ` +
      'delivery; send it with each request, under its own name or as inference_id';
    return [notJudged(window, reason)];
  }
  const place = new Map(logged.ids.map((id, i) => [id, i]));
  const structs = new Set([...(rows.definition.joins ?? []).map(({ name }) => name.toLowerCase()), WINDOWS]);
  const compared: SkewColumn[] = [];
  for (const [i, { name, expr }] of judged.entries()) {
    const { paths } = await expressionParts(rows.db, expr, `feature "${name}"`);
    const looksUp = paths.some(([first]) => structs.has((first ?? '').toLowerCase()));
    const was = logged.values.get(name) ?? [];
    compared.push({
      feature: name,
      reads: paths.map((path) => path.join('.')),
      logged: ids.map((id) => was[place.get(id) ?? -1] ?? null),
      recomputed: (values[i] ?? []) as FeatureValue[],
      lookupAge: looksUp ? ageText(logged.lookupAgeMs) : null,
    });
  }
  const { hash, drop = [], bucket = {}, truncate = {} } = request.config.monitoring.log;
  const showIds = ![...hash, ...drop, ...Object.keys(bucket), ...Object.keys(truncate)].includes(served.id);
  return skewFindings({ version: request.champion, window, ids, columns: compared, notKept, showIds });
}

function ageText(ms: number | null): string {
  if (ms === null) return 'an unknown time';
  const hours = Math.max(1, Math.round(ms / 3_600_000));
  return hours < 48 ? `${hours} ${hours === 1 ? 'hour' : 'hours'}` : `${Math.round(hours / 24)} days`;
}
