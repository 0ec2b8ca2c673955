/** A prediction log, labels and a champion made from real flights: what serving would have written, without a server. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadWorkspace } from '../../src/config/load.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { withDuckDb } from '../../src/data/engine.ts';
import { read } from '../../src/drift/profile.ts';
import { referenceProfile } from '../../src/drift/reference.ts';
import type { Holdout } from '../../src/monitoring/contract.ts';
import { initialState } from '../../src/registry/changes.ts';
import type { LedgerState, VersionManifest } from '../../src/registry/contract.ts';
import { manifestKey } from '../../src/registry/keys.ts';
import { putByDigest, putDocument } from '../../src/store/content.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from '../../src/store/open-store.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const events = `${root}examples/flights_nyc_2013/events/`;
export const model = 'flights-delay';
export const numeric = ['distance_miles', 'temp_f', 'dew_point_f', 'humidity_pct', 'wind_speed_mph', 'visibility_mi'];
export const categorical = ['carrier', 'origin'];

export interface Town {
  readonly dir: string;
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly holdout: Holdout;
  close(): Promise<void>;
}

/** A store with version 1, whose reference is January; its holdout figures are those of the last days of January. */
export async function openTown(months: readonly string[] = ['01', '02', '03', '04']): Promise<Town> {
  const dir = await mkdtemp(join(tmpdir(), 'hone-monitoring-'));
  const store = openStore(`file:${join(dir, 'store')}`);
  const { models } = await loadWorkspace(root);
  const flights = join(dir, 'flights.parquet');
  const files = months.map((month) => `'${events}2013-${month}.parquet'`);
  // The model: late rate of carrier and hour of departure in January, drawn towards the mean.
  await withDuckDb({ tempDir: dir }, (db) =>
    db.run(`COPY (WITH rates AS (
        SELECT carrier, sched_dep_minute // 60 AS hour, (sum(arrived_late) + 0.2325 * 100) / (count(arrived_late) + 100) AS rate
        FROM read_parquet('${events}2013-01.parquet') GROUP BY ALL)
      SELECT f.*, coalesce(rate, 0.2325) AS score FROM read_parquet([${files.join(', ')}]) f
      LEFT JOIN rates ON f.carrier = rates.carrier AND f.sched_dep_minute // 60 = hour) TO '${flights}' (FORMAT parquet)`),
  );
  const scores = await withDuckDb({ tempDir: dir }, (db) =>
    read(db, `SELECT score, epoch_ms(event_ts)::DOUBLE FROM '${flights}' WHERE month(event_ts) = 1`),
  );
  const predictions = {
    values: Float64Array.from(scores[0]!, Number),
    eventTime: Float64Array.from(scores[1]!, Number),
  };
  const reference = await referenceProfile({
    paths: [`${events}2013-01.parquet`],
    numeric,
    categorical,
    timeColumn: 'event_ts',
    workDir: dir,
    predictions,
  });
  const digest = await putByDigest(store, 'profiles', reference);
  await putDocument(store, manifestKey(model, 1), manifest(digest));
  const base = models.get(model)!.config;
  const config: ModelConfig = {
    ...base,
    monitoring: { ...base.monitoring, references: { ...base.monitoring.references, drift: 'training' } },
  };
  const holdout = { skill: 0.03, log_loss: 0.526, roc_auc: 0.65, baselineRate: 0.2325 };
  return { dir, store, config, holdout, close: () => rm(dir, { recursive: true, force: true }) };
}

/**
 * Writes predictions and labels of flights with an event in `[from, to)`.
 *
 * @param change SQL expressions by column, for what the champion saw or said, or what came true: `{ temp_f: 'NULL' }`,
 * `{ score: '0.5' }`, `{ arrived_late: 'true' }`
 */
export async function logFlights(
  { dir, store }: Town,
  range: {
    from: string;
    to: string;
    version?: number;
    arm?: string;
    change?: Record<string, string>;
    labels?: boolean;
    /** Predictions and labels are dated this many days back: what happened then is taken for an earlier year. */
    daysBack?: number;
  },
): Promise<void> {
  const { from, to, version = 1, arm = 'champion', change = {}, labels = true, daysBack = 0 } = range;
  const out = await mkdtemp(join(dir, 'log-'));
  const column = (name: string) => change[name] ?? name;
  const features = [...numeric, ...categorical].map((name) => `${column(name)} AS f_${name}`);
  const back = `INTERVAL ${daysBack} DAY`;
  const rows = `FROM '${join(dir, 'flights.parquet')}' WHERE event_ts >= TIMESTAMP '${from}' AND event_ts < TIMESTAMP '${to}'`;
  await withDuckDb({ tempDir: dir }, async (db) => {
    await db.run(`COPY (SELECT '${daysBack === 0 ? 'f' : 'g'}' || flight_id AS inference_id, tail_number AS entity, event_ts::TIMESTAMP - ${back} AS event_time,
        event_ts::TIMESTAMP - ${back} AS logged_at, '${model}' AS model, ${version}::INT AS version, '${arm}' AS arm, 1 AS generation,
        ${column('score')}::DOUBLE AS prediction, NULL::DOUBLE[] AS scores, NULL::VARCHAR AS decision, 0.5 AS threshold,
        NULL::DOUBLE AS propensity, NULL::BOOLEAN AS explored, '' AS request_digest, 1.0 AS latency_ms, 'n1' AS node,
        false AS staged, ${features.join(', ')}, strftime(event_ts::TIMESTAMP - ${back}, '%Y-%m-%d') AS date ${rows})
      TO '${out}/log' (FORMAT parquet, PARTITION_BY (date))`);
    if (!labels) return;
    await db.run(`COPY (SELECT '${daysBack === 0 ? 'f' : 'g'}' || flight_id AS inference_id, (${column('arrived_late')})::INT::DOUBLE AS label, (${column('arrived_late')})::INT::VARCHAR AS label_text,
        label_available_at::TIMESTAMP - ${back} AS observed_at, label_available_at::TIMESTAMP - ${back} AS recorded_at,
        strftime(label_available_at::TIMESTAMP - ${back}, '%Y-%m-%d') AS date ${rows} AND arrived_late IS NOT NULL)
      TO '${out}/labels' (FORMAT parquet, PARTITION_BY (date))`);
  });
  await storePartitions(store, model, out, labels ? ['log', 'labels'] : ['log']);
}

/** Puts `<folder>/date=…/*.parquet` under `out` where the readers of a model look. */
export async function storePartitions(
  store: ObjectStore,
  name: string,
  out: string,
  folders: readonly ('log' | 'labels' | 'business')[],
): Promise<void> {
  const files: { key: string; path: string }[] = [];
  for (const folder of folders) {
    for (const day of await readdir(join(out, folder))) {
      for (const file of await readdir(join(out, folder, day))) {
        const path = join(out, folder, day, file);
        const sha256 = createHash('sha256')
          .update(await readFile(path))
          .digest('hex');
        files.push({ key: `models/${name}/${folder}/${day}/1-${sha256}.parquet`, path });
      }
    }
  }
  await Promise.all(files.map(({ key, path }) => store.create(key, { path })));
}

export function championState(promotedAt: string, version = 1): LedgerState {
  const state = initialState();
  return {
    ...state,
    aliases: { ...state.aliases, champion: { version, effectId: 'x/deploy/promote' } },
    budgets: { ...state.budgets, promoted_at: promotedAt, labels_at_promotion: 0 },
  };
}

export function manifest(reference: string | null): VersionManifest {
  const zero = '0'.repeat(64);
  return {
    contract: 1,
    model,
    version: 1,
    run: 'flights-delay-000001',
    trigger: 'manual',
    as_of: '2013-02-01T00:00:00.000Z',
    registered_at: '2013-02-01T00:00:00.000Z',
    code: { commit: 'unknown', dirty: false },
    config: zero,
    data: null,
    params: {},
    seed: 7,
    trainer: { name: 'lookup', digest: null },
    environment: {},
    geometry: null,
    fit_end: '2013-02-01T00:00:00.000Z',
    refit: 'judged',
    twin: null,
    metrics: {},
    files: [],
    signature: { contract: 1, task: 'binary', numeric, categorical, output: 'probability', classes: null },
    golden: [],
    reference_profile: reference,
    champion: null,
  };
}
