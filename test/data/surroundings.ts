/** A store, folders and a model configuration of a test's own, removed afterwards. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { loadWorkspace } from '../../src/config/load.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { withDuckDb } from '../../src/data/engine.ts';
import type { Geometry } from '../../src/registry/contract.ts';
import { FilesystemStore } from '../../src/store/filesystem-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

export const project = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const january = join(project, 'examples/flights_nyc_2013/events/2013-01.parquet');

const workspace = loadWorkspace(project);

export interface Surroundings {
  readonly dir: string;
  readonly store: ObjectStore;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly base: string;
}

export async function surroundings(): Promise<Surroundings> {
  const dir = await mkdtemp(join(tmpdir(), 'hone-data-'));
  onTestFinished(async () => {
    await rm(dir, { recursive: true, force: true });
  });
  const store = new FilesystemStore(join(dir, 'store'));
  return { dir, store, cacheDir: join(dir, 'cache'), workDir: join(dir, 'work'), base: project };
}

/** `flights-delay` as shipped, changed by `change`. */
export async function flightsConfig(change: (config: ModelConfig) => void = () => {}): Promise<ModelConfig> {
  const config = structuredClone((await workspace).models.get('flights-delay')?.config);
  if (!config) throw new Error('config/models/flights-delay.yaml is missing');
  config.data.source = { type: 'parquet', path: january };
  change(config);
  return config;
}

/** A model over a tiny table `id, entity, at, x, kind, y, known_at`, whose source is `path`. */
export async function tinyConfig(path: string, change: (config: ModelConfig) => void = () => {}): Promise<ModelConfig> {
  return flightsConfig((config) => {
    config.model = 'tiny';
    Object.assign(config.data, {
      source: { type: path.endsWith('.csv') ? 'csv' : path.endsWith('.jsonl') ? 'jsonl' : 'parquet', path },
      id: 'id',
      entity: 'entity',
      event_time: 'at',
      outcomes: [],
      rules: [],
      volume: { min_rows: 0, against_recent_past: 0 },
    });
    Object.assign(config.data.label, { column: 'y', positive: 1, available_at: 'known_at', if_never: 'exclude' });
    Object.assign(config.features, { use: ['x', 'kind'], sql: {} });
    config.features.categories.columns = ['kind'];
    Object.assign(config.gate.slices, { columns: [], critical: [] });
    change(config);
  });
}

/** Writes the rows of a query as a Parquet file. */
export async function writeParquet(dir: string, name: string, query: string): Promise<string> {
  const path = join(dir, name);
  await withDuckDb({ tempDir: dir }, (db) => db.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`));
  return path;
}

export async function writeText(dir: string, name: string, text: string | Uint8Array): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, text);
  return path;
}

/** Rows of a query over Parquet files, with BIGINT as bigint. */
export async function query(dir: string, sql: string): Promise<Record<string, unknown>[]> {
  return withDuckDb({ tempDir: dir }, async (db) => (await db.runAndReadAll(sql)).getRowObjectsJS());
}

/** January 2013: train 1 to 15, a day's gap, validation 16 to 19, a day's gap, holdout 20 to 24. */
export function januaryGeometry(asOf: string, change: Partial<Geometry> = {}): Geometry {
  const day = (date: number) => new Date(Date.UTC(2013, 0, date)).toISOString();
  return {
    as_of: asOf,
    mature_before: day(25),
    train: { from: day(1), to: day(15) },
    validation: { from: day(16), to: day(19) },
    holdout: { from: day(20), to: day(25) },
    gap_ms: 86_400_000,
    fit_end: day(19),
    ...change,
  };
}
