/** What the serving benchmarks share: the wide flights model under several names, hone's server, and FastAPI with the same file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadWorkspace } from '../../src/config/load.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { ensurePython } from '../../src/local/python.ts';
import { putByDigest } from '../../src/store/content.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { flightsModel } from './flights-model.ts';
import type { Job } from './load.ts';
import { type Registered, registerChampion } from './registered-model.ts';
import { type ServerProcess, startServer } from './server-process.ts';
import type { Wide } from './wide-flights.ts';

const AS_OF = '2013-01-26T00:00:00.000Z';
const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** `HONE_BENCH_PROFILE=<folder>` writes where the server's time went there. */
const folder = process.env['HONE_BENCH_PROFILE'];
const profiling = folder ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : [];
const tsx = ['--import', import.meta.resolve('tsx')];

export const CONNECTIONS = 32;

export interface Variant {
  readonly wide: Wide;
  readonly logs: boolean;
}

export interface ServingBench {
  readonly store: ObjectStore;
  /** By name of the model. */
  readonly models: ReadonlyMap<string, Registered>;
  /** Rows as JSON without their opening bracket, each on one day, as traffic is. */
  readonly rows: readonly string[];
  /** hone's server with these models. */
  start(models: readonly string[]): Promise<ServerProcess>;
  startPeer(): Promise<ServerProcess>;
  startNoOp(): Promise<ServerProcess>;
  close(): Promise<void>;
}

export const predictPath = (model: string): string => `/v1/models/${model}/predict`;
export const PEER_PATH = '/predict';
let jobs = 0;

/** A job on a server, with ids of its own. */
export function job(of: Pick<Job, 'url' | 'path' | 'rows' | 'perSecond' | 'seconds'>): Job {
  return { ...of, name: `j${process.pid}-${++jobs}`, connections: CONNECTIONS };
}

export async function openServingBench(
  variants: Readonly<Record<string, Variant>>,
  progress: (sentence: string) => void,
): Promise<ServingBench> {
  const requirements = file('../peers/fastapi/requirements.txt');
  const { python } = await ensurePython({ requirements, onProgress: progress });
  const dir = await mkdtemp(join(tmpdir(), 'hone-bench-'));
  const store = openStore(`file:${join(dir, 'serving', 'store')}`);
  const config = (await loadWorkspace(resolve(import.meta.dirname, '../..'))).models.get('flights-delay')?.config;
  if (!config) throw new Error('config/models/flights-delay.yaml is missing');
  const made = new Map<Wide, Awaited<ReturnType<typeof flightsModel>>>();
  const models = new Map<string, Registered>();
  for (const [model, { wide, logs }] of Object.entries(variants)) {
    const found = made.get(wide) ?? (await flightsModel(join(dir, wide), progress, wide));
    made.set(wide, found);
    const { signature, served, modelPath } = found.source;
    const digest = await putByDigest(store, 'configs', { model: withLog(config, model, logs), groups: {} });
    const registered = { model, config: digest, signature, served, modelPath, asOf: AS_OF };
    await registerChampion(store, registered);
    models.set(model, registered);
  }
  const [wide] = made.values();
  if (wide === undefined) throw new Error('no variant was named');
  const signature = join(dir, 'signature.json');
  await writeFile(signature, JSON.stringify(wide.source.signature));
  return {
    ...{ store, models, rows: wide.rows.map(oneDay) },
    start: (names) =>
      startServer(
        process.execPath,
        [...profiling, ...tsx, file('./serving-node.ts'), join(dir, 'serving'), ...names],
        '/ready',
      ),
    startPeer: () =>
      startServer(python, [file('../peers/fastapi/serve.py'), wide.source.modelPath, signature], '/ready'),
    startNoOp: () => startServer(process.execPath, [...tsx, file('./no-op-server.ts')], '/ready'),
    close: () => rm(dir, { recursive: true, force: true }),
  };
}

function withLog(config: ModelConfig, model: string, logs: boolean): ModelConfig {
  const copy = structuredClone(config);
  return { ...copy, model, monitoring: { ...copy.monitoring, log: { ...copy.monitoring.log, sample: logs ? 1 : 0 } } };
}

function oneDay(row: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...row, event_ts: `2013-01-14T${String(row['event_ts']).slice(11, 19)}Z` }).slice(1);
}
