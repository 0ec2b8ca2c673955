/** The electricity market as a served model: versions fitted on a stretch of it, what they answered, and what came true. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadWorkspace } from '../../src/config/load.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { type Connection, withDuckDb } from '../../src/data/engine.ts';
import { read } from '../../src/drift/profile.ts';
import { referenceProfile } from '../../src/drift/reference.ts';
import type { Holdout } from '../../src/monitoring/contract.ts';
import { manifestKey } from '../../src/registry/keys.ts';
import { putByDigest, putDocument } from '../../src/store/content.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { manifest, storePartitions } from './flights-log.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const events = `read_parquet('${root}examples/electricity_nsw/events/199[67]-*.parquet')`;
const features = [
  ...['day_of_week', 'half_hour', 'nsw_demand', 'vic_price', 'vic_demand', 'transfer'],
  ...['nsw_price_prev', 'nsw_price_mean_prev_24h', 'price_above_mean', 'is_weekend'],
];

export interface Market {
  readonly dir: string;
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  /** A version of the given number from the half-hours in `[from, to)`; its holdout figures are those of the newest 14 days before. */
  fit(version: number, stretch: { from: string; to: string; run?: string; trigger?: string }): Promise<Holdout>;
  /** What the version answered in `[from, to)`, and the labels of it unless somebody else reports them. */
  log(version: number, stretch: { from: string; to: string; labels?: boolean }): Promise<void>;
  /** What came true in `[from, to)`. */
  outcomes(stretch: { from: string; to: string }): Promise<{ inference_id: string; label: number }[]>;
  close(): Promise<void>;
}

/** The model of a version: the share of half-hours with a rise, by hour, weekend and whether the price is above its mean. */
const cells = 'half_hour // 2 AS hour, is_weekend, price_above_mean > 0 AS high';

/** @param place a store of somebody else, and the model's file there; by default both are made */
export async function openMarket(place?: { store: ObjectStore; config: ModelConfig }): Promise<Market> {
  const dir = await mkdtemp(join(tmpdir(), 'hone-market-'));
  const store = place?.store ?? openStore(`file:${join(dir, 'store')}`);
  const config = place?.config ?? (await loadWorkspace(root)).models.get('electricity-price')!.config;
  const rows = join(dir, 'rows.parquet');
  await withDuckDb({ tempDir: dir }, (db) =>
    db.run(`COPY (SELECT *, (nsw_price_prev - nsw_price_mean_prev_24h)::FLOAT AS price_above_mean,
      (day_of_week >= 6)::INT::FLOAT AS is_weekend FROM ${events}) TO '${rows}' (FORMAT parquet)`),
  );
  const within = ({ from, to }: { from: string; to: string }) =>
    `SELECT * FROM '${rows}' WHERE event_ts >= TIMESTAMPTZ '${from} 00:00:00+00' AND event_ts < TIMESTAMPTZ '${to} 00:00:00+00'`;
  const model = (version: number) => join(dir, `version-${version}.parquet`);
  const scored = (version: number, stretch: { from: string; to: string }) =>
    `SELECT r.*, coalesce(m.rate, 0.42) AS score FROM (SELECT *, ${cells} FROM (${within(stretch)})) r
     LEFT JOIN '${model(version)}' m USING (hour, is_weekend, high)`;
  const inDuckDb = <T>(work: (db: Connection) => Promise<T>) => withDuckDb({ tempDir: dir }, work);
  return {
    dir,
    store,
    config,
    async fit(version, { from, to, run, trigger = 'manual' }) {
      const held = new Date(Date.parse(to) - 14 * 86_400_000).toISOString().slice(0, 10);
      const [figures, scores] = await inDuckDb(async (db) => {
        await db.run(`COPY (SELECT ${cells}, (sum(price_up) + 0.42 * 20) / (count(*) + 20) AS rate
          FROM (${within({ from, to: held })}) GROUP BY ALL) TO '${model(version)}' (FORMAT parquet)`);
        await db.run(`COPY (${within({ from, to })}) TO '${dir}/fit-${version}.parquet' (FORMAT parquet)`);
        const holdout = scored(version, { from: held, to });
        const loss = (p: string) => `-avg(CASE WHEN price_up = 1 THEN ln(${p}) ELSE ln(1 - ${p}) END)`;
        const [[rate]] = (await read(db, `SELECT avg(price_up) FROM (${within({ from, to: held })})`)) as [[number]];
        const found = await read(db, `SELECT ${loss('score')}, ${loss(`${rate}::DOUBLE`)} FROM (${holdout})`);
        return [
          { rate, own: Number(found[0]?.[0]), constant: Number(found[1]?.[0]) },
          await read(db, `SELECT score, epoch_ms(event_ts)::DOUBLE FROM (${holdout})`),
        ] as const;
      });
      const reference = await referenceProfile({
        paths: [`${dir}/fit-${version}.parquet`],
        numeric: features,
        categorical: [],
        timeColumn: 'event_ts',
        workDir: dir,
        predictions: {
          values: Float64Array.from(scores[0] ?? [], Number),
          eventTime: Float64Array.from(scores[1] ?? [], Number),
        },
      });
      const signature = { ...manifest(null).signature, numeric: features, categorical: [] };
      await putDocument(store, manifestKey(config.model, version), {
        ...manifest(await putByDigest(store, 'profiles', reference)),
        ...{ model: config.model, version, signature, trigger, run: run ?? `${config.model}-00000${version}` },
        fit_end: `${to}T00:00:00.000Z`,
      });
      const { rate, own, constant } = figures;
      return { skill: 1 - own / constant, log_loss: own, roc_auc: null, baselineRate: rate };
    },
    async outcomes(stretch) {
      const [ids = [], labels = []] = await inDuckDb((db) =>
        read(db, `SELECT 'e' || interval_id, price_up::DOUBLE FROM (${within(stretch)}) ORDER BY interval_id`),
      );
      return ids.map((id, i) => ({ inference_id: String(id), label: Number(labels[i]) }));
    },
    async log(version, stretch) {
      const out = await mkdtemp(join(dir, 'log-'));
      const kept = features.map((name) => `${name} AS f_${name}`).join(', ');
      await inDuckDb(async (db) => {
        await db.run(`COPY (SELECT 'e' || interval_id AS inference_id, NULL::VARCHAR AS entity, event_ts::TIMESTAMP AS event_time,
          event_ts::TIMESTAMP AS logged_at, '${config.model}' AS model, ${version}::INT AS version, 'champion' AS arm,
          1 AS generation, score::DOUBLE AS prediction, NULL::DOUBLE[] AS scores, NULL::VARCHAR AS decision, 0.5 AS threshold,
          NULL::DOUBLE AS propensity, NULL::BOOLEAN AS explored, '' AS request_digest, 1.0 AS latency_ms, 'n1' AS node,
          false AS staged, ${kept}, strftime(event_ts::TIMESTAMP, '%Y-%m-%d') AS date FROM (${scored(version, stretch)}))
          TO '${out}/log' (FORMAT parquet, PARTITION_BY (date))`);
        if (stretch.labels === false) return;
        await db.run(`COPY (SELECT 'e' || interval_id AS inference_id, price_up::DOUBLE AS label, price_up::VARCHAR AS label_text,
          label_available_at::TIMESTAMP AS observed_at, label_available_at::TIMESTAMP AS recorded_at,
          strftime(label_available_at::TIMESTAMP, '%Y-%m-%d') AS date FROM (${within(stretch)}))
          TO '${out}/labels' (FORMAT parquet, PARTITION_BY (date))`);
      });
      await storePartitions(store, config.model, out, stretch.labels === false ? ['log'] : ['log', 'labels']);
    },
    close: () => rm(dir, { recursive: true, force: true }),
  };
}
