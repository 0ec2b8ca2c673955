/** The flights model as it is shipped, trained on January and loaded as the prediction server loads it; and rows to send. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadWorkspace } from '../../src/config/load.ts';
import { withDuckDb } from '../../src/data/engine.ts';
import { buildFeatures } from '../../src/data/features/build.ts';
import { type FeatureDefinition, featureDefinition } from '../../src/data/features/definition.ts';
import { ingest } from '../../src/data/ingest/ingest.ts';
import { localFiles } from '../../src/data/snapshots.ts';
import { parquetOf } from '../../src/data/sql-text.ts';
import type { RawRow, ServedDefinition } from '../../src/serving/contract.ts';
import { LoadedVersion } from '../../src/serving/loaded-version.ts';
import type { ScoreSource } from '../../src/serving/version-files.ts';
import { sha256Of } from '../../src/store/content.ts';
import { openStore } from '../../src/store/open-store.ts';
import { runTrainer } from '../../src/training/run-trainer.ts';
import { type Wide, widen } from './wide-flights.ts';

const root = resolve(import.meta.dirname, '../..');
const asOf = '2013-01-26T00:00:00.000Z';
const day = (date: number) => new Date(Date.UTC(2013, 0, date)).toISOString();

export type RawFlight = RawRow;

export interface FlightsModel {
  readonly definition: FeatureDefinition;
  readonly types: Record<string, string>;
  /** 4,000 flights as a caller sends them. */
  readonly rows: readonly RawFlight[];
  readonly loaded: LoadedVersion;
  readonly source: ScoreSource;
}

/** @param wide 25 features and 200 trees instead of the shipped 17 and 80 */
export async function flightsModel(
  dir: string,
  progress: (sentence: string) => void,
  wide?: Wide,
): Promise<FlightsModel> {
  const found = (await loadWorkspace(root)).models.get('flights-delay')?.config;
  if (!found) throw new Error('config/models/flights-delay.yaml is missing');
  const config = structuredClone(found);
  config.data.source = { type: 'parquet', path: 'examples/flights_nyc_2013/events/2013-01.parquet' };
  if (wide !== undefined) await widen(config, wide, dir);
  const around = {
    store: openStore(`file:${join(dir, 'store')}`),
    cacheDir: join(dir, 'cache'),
    workDir: join(dir, 'work'),
  };
  progress('features of January 2013');
  const { ref, manifest: raw } = await ingest({ ...around, config, asOf, base: root });
  const geometry = {
    ...{ as_of: asOf, mature_before: day(25), gap_ms: 86_400_000, fit_end: day(19) },
    train: { from: day(1), to: day(15) },
    validation: { from: day(16), to: day(19) },
    holdout: { from: day(20), to: day(25) },
  };
  const built = await buildFeatures({ ...around, config, asOf, raw: ref.digest, geometry });
  const definition = featureDefinition(config);
  progress('training on January 2013');
  const { training, features } = config;
  const trained = await runTrainer({
    ...{ trainer: 'lightgbm', workDir: join(dir, 'train'), task: config.task, seed: training.seed },
    ...{ threads: 1, limits: training.limits, params: training.params, categories: features.categories },
    ...{ numeric: definition.numeric, categorical: definition.categorical },
    ...{ classWeight: training.class_weight, calibration: training.calibration },
    train: await localFiles(around.store, built.manifest, around.cacheDir, 'train'),
    validation: await localFiles(around.store, built.manifest, around.cacheDir, 'validation'),
  });
  const types = Object.fromEntries(raw.columns.map(({ name, type }) => [name, type]));
  const served: ServedDefinition = {
    definition: JSON.parse(JSON.stringify(definition)) as ServedDefinition['definition'],
    ...{ raw_types: types, id: 'flight_id', entity: 'tail_number', event_time: 'event_ts', threshold: 0.5 },
  };
  const modelPath = trained.model;
  const source: ScoreSource = {
    ...{ model: config.model, version: 1, signature: trained.signature, golden: [], served, lookups: null },
    ...{ modelPath, modelSha256: sha256Of(await readFile(modelPath)) },
  };
  const loaded = await LoadedVersion.load(source);
  const files = parquetOf(await localFiles(around.store, raw, around.cacheDir));
  const texts = await withDuckDb({ tempDir: dir }, async (db) =>
    (
      await db.runAndReadAll(
        `SELECT to_json(f)::VARCHAR FROM (SELECT * EXCLUDE (arrived_late, arr_delay_min, label_available_at) FROM ${files} LIMIT 4000) f`,
      )
    ).getColumns(),
  );
  const rows = (texts[0] ?? []).map((text) => JSON.parse(String(text)) as RawFlight);
  return { definition, types, rows, loaded, source };
}
