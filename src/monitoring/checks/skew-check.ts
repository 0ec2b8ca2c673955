/** Recomputes the features of a sample of logged predictions from the newest accepted delivery, with their version's own definition. */
import type { ModelConfig } from '../../config/model.ts';
import { newestAccepted } from '../../data/accepted.ts';
import { UserSqlFailed } from '../../data/errors.ts';
import { type FeatureColumn, type FeatureDefinition, featureSelect } from '../../data/features/definition.ts';
import { ReferenceMissing } from '../../data/features/errors.ts';
import { lookupTables } from '../../data/features/lookup-tables.ts';
import { withLookups } from '../../data/features/row-relation.ts';
import { type OpenedRows, withRawRows } from '../../data/features/row-select.ts';
import { WINDOWS } from '../../data/features/visible-columns.ts';
import { quoteInstant, quoteList, quoteName } from '../../data/sql-text.ts';
import { expressionParts } from '../../data/user-sql.ts';
import { read } from '../../drift/profile.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Finding, Window } from '../contract.ts';
import { readLog } from '../log/prediction-log.ts';
import { DAY, windowName } from '../windows.ts';
import { type FeatureValue, notJudged, type SkewColumn, skewFindings } from './skew.ts';
import { type Answering, comparable, findAnswering, type LoggedSample, readSample } from './skew-sample.ts';

export interface SkewRequest {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly asOf: string;
  readonly cacheDir: string;
  readonly workDir: string;
}

const WINDOW_DAYS = 7;

/**
 * The newest seven days that are delivered: what was answered in them, by the newest version that answered and those with
 * the same definition, whoever is champion now (a delivery often comes with the run that promotes the next one).
 *
 * @throws ObjectCorrupt, ObjectMissing for a damaged store; StoreUnreachable
 */
export async function checkSkew(request: SkewRequest): Promise<Finding[]> {
  const { store, config, asOf, cacheDir } = request;
  const accepted = await newestAccepted(store, config.model, asOf);
  const window = windowBefore(Math.min(Date.parse(asOf), Date.parse(accepted?.window.to ?? asOf)));
  if (accepted === null) return [notJudged(window, 'no delivery has been accepted yet')];
  const logs = await readLog(store, config.model, { from: window.from, to: window.to, cacheDir });
  const answering = await findAnswering(request, logs, window);
  if (answering === null) {
    return [
      notJudged(window, `no prediction was logged for the newest days that are delivered, ${windowName(window)}`),
    ];
  }
  const definition = answering.served.definition as unknown as FeatureDefinition;
  const logged = await readSample(request, answering, logs, window);
  try {
    return await withRawRows({ ...request, raw: accepted.accepted, definition }, (rows) =>
      compare(rows, request.config, answering, window, logged),
    );
  } catch (error) {
    if (!(error instanceof UserSqlFailed || error instanceof ReferenceMissing)) throw error;
    const newest = answering.versions.at(-1);
    return [
      notJudged(
        window,
        `the newest accepted delivery cannot give the features of version ${newest} (${error.message})`,
      ),
    ];
  }
}

function windowBefore(to: number): Window {
  return { from: new Date(to - WINDOW_DAYS * DAY).toISOString(), to: new Date(to).toISOString() };
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

/** Side by side: rows that are both logged and delivered. */
async function compare(
  rows: OpenedRows,
  config: ModelConfig,
  { served, versions }: Answering,
  window: Window,
  logged: LoggedSample,
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
  const { hash, drop = [], bucket = {}, truncate = {} } = config.monitoring.log;
  const showIds = ![...hash, ...drop, ...Object.keys(bucket), ...Object.keys(truncate)].includes(served.id);
  return skewFindings({ versions, window, ids, columns: compared, notKept, showIds });
}

function ageText(ms: number | null): string {
  if (ms === null) return 'an unknown time';
  const hours = Math.max(1, Math.round(ms / 3_600_000));
  return hours < 48 ? `${hours} ${hours === 1 ? 'hour' : 'hours'}` : `${Math.round(hours / 24)} days`;
}
