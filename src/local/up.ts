/**
 * The pieces of `hone up`, `down` and the demo: the Temporal dev server, the worker, the serving node and the pages of a workspace
 * as owned processes, with records under `.hone/processes` and logs under `.hone/logs`.
 */
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Workspace } from '../config/load.ts';
import { type DevServer, type DevServerOptions, startDevServer } from './dev-server.ts';
import { logFileOf } from './log-file.ts';
import { listProcesses, type ProcessRecord } from './process-records.ts';
import { type RunningProcess, startProcess, stopProcess } from './processes.ts';

/** Names of the parts, in the order in which they start; they stop in reverse. */
export const PARTS = ['temporal', 'worker', 'serving', 'web'] as const;
export type PartName = (typeof PARTS)[number];

export interface PartOptions {
  /** Ends with this process, even by SIGKILL; `false` for `hone up`, which returns. */
  readonly tied: boolean;
  readonly env?: NodeJS.ProcessEnv;
  readonly readyTimeoutMs?: number;
}

export const stateDirOf = (dir: string) => join(dir, '.hone', 'processes');
export const databaseOf = (dir: string) => join(dir, '.hone', 'temporal', 'temporal.sqlite');

/** Whether the configured server is one that this machine may start by itself. */
export function isLocalAddress(address: string): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(address);
}

/** On the ports of `config/hone.yaml`, its database in a file. @throws as startDevServer */
export function startTemporal(
  { dir, hone }: Workspace,
  options: Pick<DevServerOptions, 'tied' | 'tuned' | 'timeSkipping' | 'extra' | 'onProgress'>,
): Promise<DevServer> {
  const ui = hone.temporal.ui === null ? null : Number(new URL(hone.temporal.ui).port || 80);
  return startDevServer({
    dbFile: databaseOf(dir),
    port: Number(hone.temporal.address.split(':').at(-1)),
    uiPort: ui,
    logFile: logFileOf(dir, 'temporal'),
    stateDir: stateDirOf(dir),
    ...options,
  });
}

/** Ready when it says so in its log. @throws ProcessAlreadyRunning, ProcessNotReady */
export async function startWorker({ dir }: Workspace, options: PartOptions): Promise<RunningProcess> {
  const log = logFileOf(dir, 'worker');
  const from = await stat(log).then(
    ({ size }) => size,
    () => 0,
  );
  return startProcess({
    ...program(dir, 'worker', 'worker.ts', []),
    env: { ...(options.env ?? process.env), HONE_WORKSPACE: dir },
    tied: options.tied,
    ready: async () => (await readFrom(log, from)).includes('"worker is up"'),
    readyTimeoutMs: options.readyTimeoutMs ?? 120_000,
  });
}

/**
 * Ready when it answers `/live`.
 *
 * @param stagedFaults lets a demo or a test break a version on purpose; never on by itself
 * @throws ProcessAlreadyRunning, ProcessNotReady
 */
export async function startServing(
  { dir, hone }: Workspace,
  options: PartOptions & { stagedFaults?: boolean },
): Promise<RunningProcess & { url: string }> {
  const url = `http://${hone.serving.host}:${hone.serving.port}`;
  const running = await startProcess({
    ...program(dir, 'serving', join('serving', 'main.ts'), [
      '--workspace',
      dir,
      ...(options.stagedFaults ? ['--staged-faults'] : []),
    ]),
    env: options.env ?? process.env,
    tied: options.tied,
    facts: { url },
    ready: () => answers(`${url}/live`),
    readyTimeoutMs: options.readyTimeoutMs ?? 60_000,
  });
  return { ...running, url };
}

/**
 * The pages. Ready when they answer `/live`. @throws ProcessAlreadyRunning, ProcessNotReady
 *
 * @param web of `config/hone.yaml`
 */
export async function startWeb(
  { dir }: Workspace,
  web: { readonly host: string; readonly port: number },
  options: PartOptions,
): Promise<RunningProcess & { url: string }> {
  const url = `http://${web.host}:${web.port}`;
  const running = await startProcess({
    ...program(dir, 'web', join('web', 'main.ts'), ['--workspace', dir]),
    env: options.env ?? process.env,
    tied: options.tied,
    facts: { url },
    ready: () => answers(`${url}/live`),
    readyTimeoutMs: options.readyTimeoutMs ?? 60_000,
  });
  return { ...running, url };
}

/** Stops what runs, last started first. @returns what was stopped */
export async function stopAll(dir: string): Promise<ProcessRecord[]> {
  const stopped: ProcessRecord[] = [];
  for (const part of [...PARTS].reverse()) {
    const entry = await stopProcess(stateDirOf(dir), part, part === 'worker' ? 25_000 : 10_000);
    if (entry !== undefined) stopped.push(entry);
  }
  return stopped;
}

export function runningParts(dir: string): Promise<ProcessRecord[]> {
  return listProcesses(stateDirOf(dir));
}

/** A TypeScript program of ours, run by this Node without a build. */
function program(dir: string, name: PartName, file: string, args: readonly string[]) {
  const source = fileURLToPath(new URL(`../${file}`, import.meta.url));
  const command = [process.execPath, '--import', import.meta.resolve('tsx'), source, ...args] as const;
  return { name, stateDir: stateDirOf(dir), logFile: logFileOf(dir, name), cwd: dir, command };
}

async function readFrom(file: string, from: number): Promise<string> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return '';
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.max(0, size - from));
    await handle.read(buffer, 0, buffer.length, from);
    return buffer.toString('utf8');
  } finally {
    await handle.close();
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
