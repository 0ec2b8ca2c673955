/** The demo's stage: a workspace of its own with real processes, and a logical clock that replays 2013. */
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { connectLazily, type HoneClient } from '../../client/connect.ts';
import { loadWorkspace, type Workspace } from '../../config/load.ts';
import { startDevServer } from '../../local/dev-server.ts';
import { freePort, isListening } from '../../local/ports.ts';
import { type RunningProcess, startProcess } from '../../local/processes.ts';
import { setLogicalClock } from '../../store/clock.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { openStore } from '../../store/open-store.ts';
import type { CliContext } from '../context.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Every month as it was really delivered. */
export const deliveredEvents = join(root, 'examples', 'flights_nyc_2013', 'events');
export const MODEL = 'flights-delay';

/** What the demo changes in the shipped files, so that a year fits into minutes; printed as staged. */
const STAGED = {
  'data.source.path': 'events/*.parquet',
  'deploy.shadow': { bake: 'PT0.5S', min_requests: 100, max_wait: 'PT2M' },
  'deploy.canary': { steps: [10, 50, 100], bake: 'PT1.5S', min_requests: 300, max_wait: 'PT2M' },
  'gate.on_inconclusive.wait_for_labels': 'P7D',
  'approval.otherwise.deadline': 'PT15M',
  'approval.otherwise.exclude_starter': true,
  // The account that plays the demo applies the configuration, and may be called like one of the people in it.
  'approval.otherwise.exclude_editor': false,
  // A month of requests comes within seconds, in batches, on a machine that also trains.
  'monitoring.service.p99_ms': 60_000,
  'triggers.merge_window': 'PT1S',
  'triggers.limits.min_new_labels': 40_000,
} as const;

export interface Stage {
  readonly dir: string;
  readonly workspace: Workspace;
  readonly store: ObjectStore;
  readonly client: HoneClient;
  /** Address of the prediction server. */
  readonly predictions: string;
  readonly temporalUi: string;
  readonly staged: Readonly<Record<string, unknown>>;
  setTime(asOf: string): Promise<void>;
  /** Runs a command of hone as a user would; its document with `--json`. */
  hone(...words: string[]): Promise<{ code: number; out: string; err: string }>;
  honeJson<T>(...words: string[]): Promise<T>;
  /** SIGKILL, then a new worker. Returns the pid that died. */
  killWorker(): Promise<number>;
  close(): Promise<void>;
}

export async function openStage(
  folder: string,
  runCommand: CliContext['run'],
  tell: (sentence: string) => void,
): Promise<Stage> {
  const runCli = (words: readonly string[]) => callCli(runCommand, dir, words);
  const dir = join(folder, '.hone', 'demo');
  await rm(dir, { recursive: true, force: true });
  await mkdir(join(dir, 'logs'), { recursive: true });
  const server = await startDevServer({
    logFile: join(dir, 'logs', 'temporal.log'),
    dbFile: join(dir, 'temporal.db'),
    onProgress: tell,
  });
  const port = await freePort();
  await writeWorkspace(dir, server.address, server.uiUrl ?? '', port);
  const workspace = await loadWorkspace(dir);
  const store = openStore(workspace.hone.store, dir);
  const client = connectLazily(workspace.hone);
  const stage: Stage = {
    dir,
    workspace,
    store,
    client,
    predictions: `http://127.0.0.1:${port}`,
    temporalUi: server.uiUrl ?? '',
    staged: STAGED,
    setTime: (asOf) => setLogicalClock(store, asOf),
    hone: (...words) => runCli(words),
    async honeJson<T>(...words: string[]) {
      const { code, out, err } = await runCli([...words, '--json']);
      if (code !== 0) throw new Error(`hone ${words.join(' ')} ended with ${code}: ${err || out}`);
      return JSON.parse(out) as T;
    },
    async killWorker() {
      const { pid } = worker;
      process.kill(-pid, 'SIGKILL');
      await worker.exited;
      await worker.stop();
      worker = await startWorker(dir);
      return pid;
    },
    async close() {
      await client.close();
      await Promise.all([worker.stop(), serving.stop()]);
      await server.stop();
    },
  };
  let worker = await startWorker(dir);
  const serving = await startServing(dir, port);
  return stage;
}

async function writeWorkspace(dir: string, address: string, ui: string, port: number): Promise<void> {
  await mkdir(join(dir, 'config', 'models'), { recursive: true });
  await mkdir(join(dir, 'events'), { recursive: true });
  for (const name of await readdir(deliveredEvents))
    await copyFile(join(deliveredEvents, name), join(dir, 'events', name));
  await copyFile(join(root, 'config', 'defaults.yaml'), join(dir, 'config', 'defaults.yaml'));

  const hone = parse(await readFile(join(root, 'config', 'hone.yaml'), 'utf8')) as Record<string, unknown>;
  const temporal = { ...(hone['temporal'] as object), address, ui };
  const serving = { ...(hone['serving'] as object), port, poll: 'PT0.2S' };
  await writeFile(
    join(dir, 'config', 'hone.yaml'),
    stringify({ ...hone, store: 'file:store', clock: 'logical', temporal, serving }),
  );

  const model = parse(await readFile(join(root, 'config', 'models', `${MODEL}.yaml`), 'utf8')) as Record<
    string,
    unknown
  >;
  for (const [path, value] of Object.entries(STAGED)) put(model, path.split('.'), value);
  await writeFile(join(dir, 'config', 'models', `${MODEL}.yaml`), stringify(model));
}

function put(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [head, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) {
    tree[head] = value;
    return;
  }
  const branch = (tree[head] ?? {}) as Record<string, unknown>;
  tree[head] = branch;
  put(branch, rest, value);
}

const tsx = ['--import', import.meta.resolve('tsx')] as const;

async function startWorker(dir: string): Promise<RunningProcess> {
  const log = join(dir, 'logs', 'worker.log');
  return await startProcess({
    name: 'worker',
    stateDir: join(dir, 'processes'),
    command: [process.execPath, ...tsx, join(root, 'src', 'worker.ts')],
    cwd: root,
    env: { ...process.env, HONE_WORKSPACE: dir },
    logFile: log,
    tied: true,
    ready: async () => (await readFile(log, 'utf8').catch(() => '')).includes('worker is up'),
  });
}

async function startServing(dir: string, port: number): Promise<RunningProcess> {
  return await startProcess({
    name: 'serving',
    stateDir: join(dir, 'processes'),
    command: [
      process.execPath,
      ...tsx,
      join(root, 'src', 'serving', 'main.ts'),
      '--workspace',
      dir,
      '--node',
      'node-a',
      '--staged-faults',
    ],
    cwd: root,
    logFile: join(dir, 'logs', 'serving.log'),
    tied: true,
    ready: () => isListening('127.0.0.1', port),
  });
}

async function callCli(
  run: CliContext['run'],
  dir: string,
  words: readonly string[],
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await run(['--dir', dir, ...words], {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isTty: false,
    env: process.env,
    cwd: dir,
    now: () => new Date(),
  });
  return { code, out, err };
}

/** For people: where things are, from the folder they stand in. */
export function shortPath(path: string): string {
  return relative(process.cwd(), path) || '.';
}
