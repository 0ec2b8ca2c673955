/** The rows that a part may hold, with their features: a SELECT over a raw snapshot in a locked-down engine. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { withDuckDb } from '../engine.ts';
import { localFiles, readSnapshot } from '../snapshots.ts';
import { parquetOf, quoteInstant, quoteName } from '../sql-text.ts';
import { timeLimitMs } from '../user-sql.ts';
import { definitionFor, type FeatureDefinition, featureSelect } from './definition.ts';
import { FeatureDefinitionInvalid } from './errors.ts';
import { checkExpressions } from './expression-check.ts';
import { isKeyType } from './join-timeline.ts';
import { type LookupInput, lookupTables } from './lookup-tables.ts';
import { matureBefore, matureLabel } from './mature-rows.ts';
import { referenceFiles } from './references.ts';
import { withLookups } from './row-relation.ts';
import { sliceSelect } from './slices.ts';

export interface RowsInput {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  /** Digest of the raw snapshot. */
  readonly raw: string;
  readonly asOf: string;
  readonly cacheDir: string;
  readonly workDir: string;
  /** Another definition than the configuration's own, such as the champion's. */
  readonly definition?: FeatureDefinition;
  readonly signal?: AbortSignal;
}

/** Half-open in event time. */
export interface Span {
  readonly from?: string;
  readonly to: string;
}

/** SQL: what a row weighs in training. */
export type RowWeight = string;
const EQUAL: RowWeight = '1.0::DOUBLE';

export interface OpenedRows extends LookupInput {
  /** For files of the caller; removed afterwards. */
  readonly dir: string;
}

/**
 * Runs `work` in a locked-down engine that sees the raw snapshot and the reference tables of the definition.
 *
 * @throws UserSqlFailed, ReferenceMissing, ProducerUnknown
 */
export async function withRawRows<T>(input: RowsInput, work: (rows: OpenedRows) => Promise<T>): Promise<T> {
  const { store, config, asOf, cacheDir, workDir, signal } = input;
  const snapshot = await readSnapshot(store, input.raw, 'raw');
  const definition = input.definition ?? definitionFor(config, snapshot);
  const files = await localFiles(store, snapshot, cacheDir);
  const references = await referenceFiles(store, snapshot, definition, cacheDir);
  await mkdir(workDir, { recursive: true });
  const dir = await mkdtemp(join(workDir, 'features-'));
  try {
    return await withDuckDb(
      { tempDir: dir, lockDown: true, allowedPaths: [...files, ...references.values(), `${dir}/`] },
      async (db) => {
        const columns = snapshot.columns.map(({ name }) => name);
        await checkExpressions(db, definition, columns);
        requireKeyTypes(definition, snapshot.columns);
        return await work({
          ...{ db, dir, definition, asOf, data: config.data, relation: parquetOf(files) },
          references: new Map([...references].map(([path, file]) => [path, parquetOf([file])])),
          limitMs: timeLimitMs(config.features.time_limit),
        });
      },
      signal,
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Keys are compared as text, here and in the prediction server: only types with one spelling will do. */
function requireKeyTypes(
  { model, joins = [], windows = [] }: FeatureDefinition,
  columns: readonly { readonly name: string; readonly type: string }[],
): void {
  const types = new Map(columns.map(({ name, type }) => [name.toLowerCase(), type]));
  const keys = [
    ...joins.flatMap(({ name, key }) => key.map(({ column }) => ({ name, column }))),
    ...windows.flatMap(({ name, by }) => by.map((column) => ({ name, column }))),
  ];
  for (const { name, column } of keys) {
    const type = types.get(column.toLowerCase()) ?? 'missing';
    if (isKeyType(type)) continue;
    const problem = `has the key "${column}" of type ${type}, which has no one spelling`;
    throw new FeatureDefinitionInvalid(model, name, problem, 'Use an integer, text or boolean column as key.');
  }
}

/**
 * How to select the mature rows with a label in a window inside `span`, joins and windows computed for all of it.
 * All rows weigh 1, unless a window says otherwise.
 *
 * @param matureTo no event from then on, whatever the window says
 * @throws ReferenceUnusable, UserSqlFailed, UserSqlTimedOut
 */
export async function matureRows(
  rows: OpenedRows,
  config: ModelConfig,
  matureTo: string | undefined,
  span: Span,
): Promise<(window: Span, weight?: RowWeight) => string> {
  const { definition, asOf } = rows;
  const time = quoteName(config.data.event_time);
  const id = `CAST(${quoteName(config.data.id)} AS VARCHAR)`;
  const entity =
    config.data.entity === null ? id : `coalesce(CAST(${quoteName(config.data.entity)} AS VARCHAR), ${id})`;
  const columns = (weight: RowWeight) => [
    `${id} AS _id`,
    `${entity} AS _entity`,
    `epoch_ms(${time}) AS _event_time`,
    `${matureLabel(config, asOf)} AS _label`,
    `${weight} AS _weight`,
    featureSelect(definition),
    ...sliceSelect(config, definition),
  ];
  const tables = await lookupTables(rows, span);
  const relation = withLookups(rows.relation, definition, tables, config.data.event_time);
  const mature = [matureBefore(config, asOf), ...(matureTo === undefined ? [] : [matureTo])].sort()[0] ?? asOf;
  return ({ from, to }, weight = EQUAL) => {
    const bounds = [`${time} < ${quoteInstant(to)}`, `${time} < ${quoteInstant(mature)}`];
    if (from !== undefined) bounds.push(`${time} >= ${quoteInstant(from)}`);
    return `SELECT * FROM (SELECT ${columns(weight).join(',\n')} FROM ${relation} WHERE ${bounds.join(' AND ')})
      WHERE _label IS NOT NULL AND isfinite(_label)`;
  };
}

/** Mature rows with a label before `to`, without looking at any feature. */
export async function countLabels(
  { db, relation, asOf }: OpenedRows,
  config: ModelConfig,
  to: string,
): Promise<number> {
  const time = quoteName(config.data.event_time);
  const mature = [matureBefore(config, asOf), to].sort()[0] ?? to;
  const found = await db.runAndReadAll(
    `SELECT count(*) FROM (SELECT ${matureLabel(config, asOf)} AS label FROM ${relation} WHERE ${time} < ${quoteInstant(mature)})
     WHERE label IS NOT NULL AND isfinite(label)`,
  );
  return Number(found.getRows()[0]?.[0]);
}
