/** A workspace of real parts for one benchmark: the tuned dev server with its database in a file, store, one model. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { applyWorkspace } from '../../src/client/apply.ts';
import { connectLazily, type HoneClient } from '../../src/client/connect.ts';
import { loadWorkspace, type Workspace } from '../../src/config/load.ts';
import { freePort } from '../../src/local/ports.ts';
import { startTemporal } from '../../src/local/up.ts';
import { setLogicalClock } from '../../src/store/clock.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from '../../src/store/open-store.ts';

const root = resolve(import.meta.dirname, '../..');
export const MODEL = 'flights-delay';

/** The parts of a model file that benchmarks change. */
export type ModelFile = Record<'training' | 'gate' | 'approval' | 'deploy' | 'triggers', Record<string, unknown>> & {
  data: { source: { path: string } } & Record<string, unknown>;
};

export interface BenchWorkspace {
  readonly dir: string;
  readonly workspace: Workspace;
  readonly store: ObjectStore;
  readonly client: HoneClient;
  /** Process group of the dev server. */
  readonly temporalPid: number;
  setTime(asOf: string): Promise<void>;
  close(): Promise<void>;
}

/** @param files names of the delivered months, as a glob of `examples/flights_nyc_2013/events` */
export async function openWorkspace(options: {
  readonly asOf: string;
  readonly files: string;
  readonly edit: (file: ModelFile) => void;
  /** Names of models that all have this model file; the shipped one alone by default. */
  readonly models?: readonly string[];
  readonly progress: (sentence: string) => void;
}): Promise<BenchWorkspace> {
  const dir = await mkdtemp(join(tmpdir(), 'hone-bench-'));
  await mkdir(join(dir, 'config', 'models'), { recursive: true });
  await copyFile(join(root, 'config', 'defaults.yaml'), join(dir, 'config', 'defaults.yaml'));
  const hone = parse(await readFile(join(root, 'config', 'hone.yaml'), 'utf8'));
  const [temporalPort, servingPort] = [await freePort(), await freePort()];
  hone.store = 'file:store';
  hone.clock = 'logical';
  hone.temporal = { ...hone.temporal, address: `127.0.0.1:${temporalPort}`, ui: null };
  hone.serving = { ...hone.serving, port: servingPort, poll: 'PT0.2S' };
  await writeFile(join(dir, 'config', 'hone.yaml'), stringify(hone));
  const file = parse(await readFile(join(root, 'config', 'models', `${MODEL}.yaml`), 'utf8')) as ModelFile;
  file.data.source.path = join(root, 'examples', 'flights_nyc_2013', 'events', options.files);
  options.edit(file);
  for (const model of options.models ?? [MODEL])
    await writeFile(join(dir, 'config', 'models', `${model}.yaml`), stringify({ ...file, model }));

  const workspace = await loadWorkspace(dir);
  const server = await startTemporal(workspace, { tied: true, onProgress: options.progress });
  const store = openStore(workspace.hone.store, dir);
  const client = connectLazily(workspace.hone);
  const setTime = (asOf: string) => setLogicalClock(store, asOf);
  await setTime(options.asOf);
  await applyWorkspace({ workspace, store, client, by: 'benchmark' });
  return {
    ...{ dir, workspace, store, client, setTime, temporalPid: server.pid },
    async close() {
      await client.close();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
