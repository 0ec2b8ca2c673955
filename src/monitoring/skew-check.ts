/** Recomputes the features of a sample of logged predictions from the newest accepted delivery, with the version's own definition. */
import type { ModelConfig } from '../config/model.ts';
import { newestAccepted } from '../data/accepted.ts';
import { type Connection, withDuckDb } from '../data/engine.ts';
import { type FeatureColumn, featureSelect } from '../data/features/definition.ts';
import { localFiles, readSnapshot } from '../data/snapshots.ts';
import { parquetOf, quoteName } from '../data/sql-text.ts';
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
import { DAY } from './windows.ts';

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
  const raw = await localFiles(store, await readSnapshot(store, accepted.accepted, 'raw'), cacheDir);
  if (logs.length === 0) return [notJudged(window, 'no prediction was logged in the days that are delivered')];
  return await withDuckDb(
    { tempDir: request.workDir, threads: 1, lockDown: true, allowedPaths: [...logs, ...raw] },
    (db) => compare(db, request, { served, window, logs, raw }),
  );
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

interface Sources {
  readonly served: ServedDefinition;
  readonly window: Window;
  readonly logs: readonly string[];
  readonly raw: readonly string[];
}

async function compare(db: Connection, request: SkewRequest, sources: Sources): Promise<Finding[]> {
  const { config, champion } = request;
  const { served, window } = sources;
  const { columns } = served.definition;
  const kept = await sampleLog(db, request, sources);
  const judged = columns.filter(({ name }) => kept.has(`f_${name}`));
  const notKept = columns.filter((column) => !judged.includes(column)).map(({ name }) => name);
  const values = await recompute(db, sources, judged);
  const [ids = [], ...rest] = values;
  if (ids.length === 0) {
    const reason = `none of the predictions of ${window.from} to ${window.to} has its ${served.id} in the newest accepted delivery; send it with each request, under its own name or as inference_id`;
    return [notJudged(window, reason)];
  }
  const compared: SkewColumn[] = [];
  for (const [i, { name, expr }] of judged.entries()) {
    const { columns: reads } = await expressionParts(db, expr, `feature "${name}"`);
    const [logged, recomputed] = [rest[2 * i] ?? [], rest[2 * i + 1] ?? []] as FeatureValue[][];
    compared.push({ feature: name, reads, logged: logged ?? [], recomputed: recomputed ?? [], lookupAge: null });
  }
  const { hash, drop = [], bucket = {}, truncate = {} } = config.monitoring.log;
  const showIds = ![...hash, ...drop, ...Object.keys(bucket), ...Object.keys(truncate)].includes(served.id);
  return skewFindings({ version: champion, window, ids: ids.map(String), columns: compared, notKept, showIds });
}

/** Champion's own answers. Shadows answered nobody, and staged faults are not the model's. @returns columns of the log */
async function sampleLog(db: Connection, { champion }: SkewRequest, { logs, window }: Sources): Promise<Set<string>> {
  const source = parquetOf(logs);
  const [names] = await read(db, `SELECT column_name FROM (DESCRIBE SELECT * FROM ${source})`);
  const kept = new Set(names?.map(String));
  await db.run(
    `CREATE TEMP TABLE sampled AS SELECT * FROM (SELECT DISTINCT ON (inference_id) * FROM ${source}
      WHERE version = ${champion} AND arm <> 'shadow' ${kept.has('staged') ? 'AND NOT coalesce(staged, false)' : ''}
        AND epoch_ms(event_time) >= ${Date.parse(window.from)} AND epoch_ms(event_time) < ${Date.parse(window.to)})
     ORDER BY hash(inference_id) LIMIT ${SAMPLE}`,
  );
  return kept;
}

/** @returns ids, then for each feature its logged and its recomputed values, in the order of the ids */
async function recompute(
  db: Connection,
  { served, raw }: Sources,
  columns: readonly FeatureColumn[],
): Promise<readonly (readonly unknown[])[]> {
  const id = `CAST(${quoteName(served.id)} AS VARCHAR)`;
  const select = columns.length > 0 ? `, ${featureSelect({ columns })}` : '';
  const both = columns.flatMap(({ name, type }) => {
    const [was, is] = [`l.${quoteName(`f_${name}`)}`, `r.${quoteName(name)}`];
    if (type === 'string') return [`nullif(CAST(${was} AS VARCHAR), '')`, is];
    return [was, is].map(
      (value) => `CASE WHEN isfinite(TRY_CAST(${value} AS DOUBLE)) THEN TRY_CAST(${value} AS DOUBLE) END`,
    );
  });
  return await read(
    db,
    `SELECT ${['l.inference_id', ...both].join(', ')} FROM sampled l JOIN (
       SELECT DISTINCT ON (_id) * FROM (SELECT ${id} AS _id${select} FROM ${parquetOf(raw)}
         WHERE ${id} IN (SELECT inference_id FROM sampled))
     ) r ON l.inference_id = r._id ORDER BY 1`,
  );
}
