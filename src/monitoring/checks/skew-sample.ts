/** The logged side of skew: who answered in a window, which features their log policy keeps, and a sample of what it kept. */
import { z } from 'zod';
import { configSnapshotSchema } from '../../config/snapshot.ts';
import { type Connection, withDuckDb } from '../../data/engine.ts';
import type { FeatureColumn } from '../../data/features/definition.ts';
import { parquetOf, quoteName } from '../../data/sql-text.ts';
import { read } from '../../drift/profile.ts';
import { versionManifest } from '../../registry/contract.ts';
import { manifestKey } from '../../registry/keys.ts';
import { FEATURE_DEFINITION_FILE, type ServedDefinition, servedDefinition } from '../../serving/contract.ts';
import { findDocument, getBlob, getByDigest } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Window } from '../contract.ts';
import { logPolicy } from '../log/log-policy.ts';
import type { FeatureValue } from './skew.ts';
import type { SkewRequest } from './skew-check.ts';

/** Enough to see one wrong row in a thousand; the same rows at every look. */
const SAMPLE = 5000;
const configSnapshot = z.object({ model: configSnapshotSchema.shape.model });

/** Versions with one definition, ascending. */
export interface Answering {
  readonly versions: readonly number[];
  readonly served: ServedDefinition;
  /** Features that the log keeps as they are, for every one of the versions. */
  readonly kept: ReadonlySet<string>;
}

/** Logged predictions, at most 5,000; values by feature in the order of the ids. */
export interface LoggedSample {
  readonly ids: readonly string[];
  readonly values: ReadonlyMap<string, readonly FeatureValue[]>;
  /** The oldest lookup that one of them was answered with, in milliseconds before its event; null where none was. */
  readonly lookupAgeMs: number | null;
}

/** @returns null where nobody answered in the window, or no version that did has a definition of its own */
export async function findAnswering(
  { store, config, workDir }: SkewRequest,
  logs: readonly string[],
  window: Window,
): Promise<Answering | null> {
  if (logs.length === 0) return null;
  const found = await withDuckDb({ tempDir: workDir, threads: 1 }, async (db) => {
    const [numbers] = await read(
      db,
      `SELECT DISTINCT version FROM ${parquetOf(logs)} WHERE ${await ownAnswers(db, logs, window)} ORDER BY 1 DESC`,
    );
    return (numbers ?? []).map(Number);
  });
  const each: (Pick<Answering, 'served' | 'kept'> & { readonly version: number })[] = [];
  for (const version of found) {
    const own = await servedBy(store, config.model, version);
    if (own) each.push({ version, ...own });
  }
  const [newest] = each;
  if (!newest) return null;
  const same = each.filter(({ served }) => served.definition.digest === newest.served.definition.digest);
  return {
    served: newest.served,
    versions: same.map(({ version }) => version).sort((a, b) => a - b),
    kept: new Set([...newest.kept].filter((name) => same.every(({ kept }) => kept.has(name)))),
  };
}

export async function readSample(
  { workDir }: SkewRequest,
  { served, versions, kept }: Answering,
  logs: readonly string[],
  window: Window,
): Promise<LoggedSample> {
  return await withDuckDb({ tempDir: workDir, threads: 1 }, async (db) => {
    const source = parquetOf(logs);
    const columns = served.definition.columns.filter(({ name }) => kept.has(name));
    const values = columns.map((column) => comparable(column, quoteName(`f_${column.name}`)));
    const timed = (await columnsOfLog(db, logs)).has('lookup_as_of');
    const age = timed ? '(epoch_ms(event_time) - epoch_ms(lookup_as_of))::DOUBLE' : 'NULL::DOUBLE';
    const own = `version IN (${versions.join(', ')}) AND ${await ownAnswers(db, logs, window)}`;
    const chosen = `SELECT DISTINCT inference_id FROM ${source} WHERE ${own} ORDER BY hash(inference_id) LIMIT ${SAMPLE}`;
    const [ids = [], ages = [], ...rest] = await read(
      db,
      `SELECT inference_id, ${[age, ...values].join(', ')} FROM (
         SELECT DISTINCT ON (inference_id) * FROM ${source} WHERE ${own} AND inference_id IN (${chosen}))`,
    );
    const known = ages.filter((each) => each !== null).map(Number);
    return {
      ids: ids.map(String),
      values: new Map(columns.map(({ name }, i) => [name, (rest[i] ?? []) as FeatureValue[]])),
      lookupAgeMs: known.length > 0 ? Math.max(...known) : null,
    };
  });
}

/** SQL: numbers without NaN and infinity, which the log writes as null; text without the empty one. */
export function comparable({ type }: Pick<FeatureColumn, 'type'>, value: string): string {
  if (type === 'string') return `nullif(CAST(${value} AS VARCHAR), '')`;
  return `CASE WHEN isfinite(TRY_CAST(${value} AS DOUBLE)) THEN TRY_CAST(${value} AS DOUBLE) END`;
}

/** Shadows answered nobody, and staged faults are not the model's. */
async function ownAnswers(db: Connection, logs: readonly string[], { from, to }: Window): Promise<string> {
  const staged = (await columnsOfLog(db, logs)).has('staged') ? 'NOT coalesce(staged, false)' : 'true';
  return `arm <> 'shadow' AND ${staged} AND epoch_ms(event_time) >= ${Date.parse(from)} AND epoch_ms(event_time) < ${Date.parse(to)}`;
}

async function columnsOfLog(db: Connection, logs: readonly string[]): Promise<Set<string>> {
  const [names] = await read(db, `SELECT column_name FROM (DESCRIBE SELECT * FROM ${parquetOf(logs)})`);
  return new Set(names?.map(String));
}

/** A version is logged by the policy of the configuration that it was made with. */
async function servedBy(
  store: ObjectStore,
  model: string,
  version: number,
): Promise<Pick<Answering, 'served' | 'kept'> | null> {
  const manifest = await findDocument(store, manifestKey(model, version), versionManifest);
  const file = manifest?.files.find(({ name }) => name === FEATURE_DEFINITION_FILE);
  if (!manifest || !file) return null;
  const text = Buffer.from(await getBlob(store, file.sha256)).toString('utf8');
  const served = servedDefinition.parse(JSON.parse(text));
  const { model: config } = await getByDigest(store, 'configs', manifest.config, configSnapshot);
  const { numeric, categorical } = logPolicy(
    config.monitoring.log,
    { ...served.definition, entity: served.entity },
    '',
  );
  const kept = [...numeric, ...categorical]
    .filter((field) => field?.fate === 'keep')
    .map((field) => field?.field ?? '');
  return { served, kept: new Set(kept) };
}
