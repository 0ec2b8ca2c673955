/** Everything that a soak runs on, each part a process that can be killed: Temporal, S3 behind a proxy, workers, prediction servers. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { parse, stringify } from 'yaml';
import { connectLazily, type HoneClient } from '../../../src/client/connect.ts';
import { loadWorkspace, type Workspace } from '../../../src/config/load.ts';
import { configSnapshot } from '../../../src/config/snapshot.ts';
import { type DevServer, startDevServer } from '../../../src/local/dev-server.ts';
import { freePort } from '../../../src/local/ports.ts';
import { signalGroup } from '../../../src/local/process-identity.ts';
import { type RunningProcess, startProcess } from '../../../src/local/processes.ts';
import { startVersityGw, VersityGwMissing } from '../../../src/local/versitygw.ts';
import { applyConfig } from '../../../src/registry/changes.ts';
import { type Ledger, openLedger } from '../../../src/registry/ledger.ts';
import { setLogicalClock } from '../../../src/store/clock.ts';
import { putByDigest } from '../../../src/store/content.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { writeWorkspace } from '../../town.ts';
import { lenient } from '../champion.ts';
import { type FaultProxy, startFaultProxy } from '../fault-proxy.ts';
import { startWorkerProcess, type WorkerProcess } from '../worker-process.ts';

const root = resolve(import.meta.dirname, '../../..');
const WORKERS = 2;
const NODES = 2;

export interface World {
  readonly dir: string;
  readonly models: readonly string[];
  readonly workspace: Workspace;
  /** Not through the proxy: the soak itself always sees what is stored. */
  readonly store: ObjectStore;
  readonly client: HoneClient;
  readonly ledgers: ReadonlyMap<string, Ledger>;
  /** Addresses of the prediction servers, the same after a restart. */
  readonly nodes: readonly string[];
  /** What every worker and server uses; null where the store is a folder because this machine has no S3 server. */
  readonly proxy: FaultProxy | null;
  killWorker(which: number): Promise<void>;
  killNode(which: number): Promise<void>;
  killTemporal(): Promise<void>;
  /** Its processes of this moment, by name. */
  pids(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

export async function openWorld(count: number, say: (text: string) => void): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'hone-soak-'));
  const ends: End[] = [() => rm(dir, { recursive: true, force: true })];
  try {
    return await buildWorld(dir, count, say, ends);
  } catch (error) {
    await closeAll(ends);
    throw error;
  }
}

type End = () => Promise<unknown>;

/** The last that began ends first. */
async function closeAll(ends: readonly End[]): Promise<void> {
  for (const end of ends.toReversed()) await end().catch(() => undefined);
}

async function buildWorld(dir: string, count: number, say: (text: string) => void, ends: End[]): Promise<World> {
  const models = Array.from({ length: count }, (_, i) => `flights-${String(i + 1).padStart(2, '0')}`);
  const { direct, behind, proxy, stop } = await openBucket(dir, say);
  ends.push(stop);

  const [port, ...ports] = await Promise.all(Array.from({ length: NODES + 1 }, () => freePort()));
  const startTemporal = () =>
    startDevServer({
      port: port ?? 0,
      uiPort: null,
      dbFile: join(dir, 'temporal.db'),
      logFile: join(dir, 'temporal.log'),
    });
  let temporal: DevServer = await startTemporal();
  ends.push(() => temporal.stop());
  await writeWorkspace(dir, models, { temporal: temporal.address, store: behind, edit: small });
  await edit(join(dir, 'config', 'hone.yaml'), (hone) => {
    hone['serving'] = { ...(hone['serving'] as object), poll: count > 10 ? 'PT3S' : 'PT1S' }; // each model is asked for at each poll
  });

  const workspace = await loadWorkspace(dir);
  const store = openStore(direct, dir);
  const client = connectLazily(workspace.hone);
  ends.push(() => client.close());
  const ledgers = new Map(models.map((model) => [model, openLedger(store, model)]));
  await setLogicalClock(store, '2013-01-25T00:00:00Z');
  for (const [model, ledger] of ledgers) {
    const digest = await putByDigest(store, 'configs', configSnapshot(workspace, model));
    await ledger.append({
      ...{ effectId: `config/${digest}`, as_of: '2013-01-01T00:00:00.000Z', actor: 'soak', trust: 'system' },
      ...{ why: 'applied', step: applyConfig(digest) },
    });
  }

  const startWorker = (which: number) => startWorkerProcess({ dir }, undefined, `worker-${which}`);
  const startNode = (which: number) => startNodeProcess(dir, which, ports[which] ?? 0);
  const workers: WorkerProcess[] = [];
  const nodes: RunningProcess[] = [];
  ends.push(() => Promise.all([...workers.map((worker) => worker.kill()), ...nodes.map((node) => node.stop(2000))]));
  for (let i = 0; i < WORKERS; i++) workers.push(await startWorker(i));
  for (let i = 0; i < NODES; i++) nodes.push(await startNode(i));
  return {
    ...{ dir, models, workspace, store, client, ledgers, proxy },
    nodes: ports.map((at) => `http://127.0.0.1:${at}`),
    async killWorker(which) {
      await workers[which]?.kill();
      workers[which] = await startWorker(which);
    },
    async killNode(which) {
      const node = nodes[which];
      if (!node) return;
      signalGroup(node.pid, 'SIGKILL');
      await node.exited;
      nodes[which] = await startNode(which);
    },
    async killTemporal() {
      signalGroup(temporal.pid, 'SIGKILL');
      await temporal.exited;
      temporal = await startTemporal();
    },
    pids: () => ({
      temporal: temporal.pid,
      ...Object.fromEntries(workers.map(({ pid }, i) => [`worker-${i}`, pid])),
      ...Object.fromEntries(nodes.map(({ pid }, i) => [`node-${i}`, pid])),
      soak: process.pid,
    }),
    close: () => closeAll(ends),
  };
}

/** Judged quickly and by margins that most candidates keep, so that there is much to deploy. */
function small(model: Record<string, unknown>): void {
  lenient(model);
  const training = model['training'] as { params: object };
  model['training'] = { ...training, refit: 'none', params: { ...training.params, n_estimators: 8 } };
  model['deploy'] = { canary: { steps: [25, 100], bake: 'PT1S', min_requests: 3, max_wait: 'PT20S' } };
}

async function openBucket(dir: string, say: (text: string) => void) {
  try {
    const s3 = await startVersityGw();
    process.env['AWS_ACCESS_KEY_ID'] = s3.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = s3.secretAccessKey;
    const admin = new S3Client({ endpoint: s3.endpoint, region: 'us-east-1', forcePathStyle: true });
    await admin.send(new CreateBucketCommand({ Bucket: 'hone-soak' }));
    admin.destroy();
    const proxy = await startFaultProxy(s3.endpoint);
    const at = (endpoint: string) => `s3://hone-soak/town?endpoint=${endpoint}`;
    const stop = async () => {
      await proxy.close();
      await s3.stop();
    };
    return { direct: at(s3.endpoint), behind: at(proxy.endpoint), proxy, stop };
  } catch (error) {
    if (!(error instanceof VersityGwMissing)) throw error;
    say(`the store is a folder and never refuses: ${error.message}`);
    return { direct: `file:${dir}/store`, behind: `file:${dir}/store`, proxy: null, stop: async () => undefined };
  }
}

async function startNodeProcess(dir: string, which: number, port: number): Promise<RunningProcess> {
  const program = join(root, 'src', 'serving', 'main.ts');
  const cache = join(dir, `cache-${which}`);
  const options = ['--workspace', dir, '--node', `node-${which}`, '--port', String(port), '--cache', cache];
  return await startProcess({
    ...{ name: `node-${which}`, stateDir: null, cwd: root, tied: true, logFile: join(dir, `node-${which}.log`) },
    command: [process.execPath, '--import', import.meta.resolve('tsx'), program, ...options],
    env: { ...process.env, HONE_LOG_LEVEL: 'warn' },
    ready: async () => (await fetch(`http://127.0.0.1:${port}/v1/node`).catch(() => null))?.ok === true,
    readyTimeoutMs: 120_000,
  });
}

async function edit(file: string, change: (body: Record<string, unknown>) => void): Promise<void> {
  const body = parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  change(body);
  await writeFile(file, stringify(body));
}
