/** The worker of a town as a process of its own, so that it can be killed with SIGKILL. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../../src/local/processes.ts';
import type { Town } from '../town.ts';

export interface WorkerProcess {
  readonly pid: number;
  /** SIGKILL to it and whatever it started in its group. Returns when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it has died by its drill. */
  readonly died: Promise<void>;
  stop(): Promise<void>;
}

/** `activity:before` or `activity:after`; see `dying-worker.ts`. */
export type Drill = `${string}:${'before' | 'after'}`;

const source = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** @param name of its log in the folder of the town; two at once need two */
export async function startWorkerProcess(
  town: Pick<Town, 'dir'>,
  drill?: Drill,
  name = 'worker',
): Promise<WorkerProcess> {
  const logFile = join(town.dir, `${name}.log`);
  const from = (await readFile(logFile, 'utf8').catch(() => '')).length;
  const program = drill ? source('dying-worker.ts') : source('../../src/worker.ts');
  const worker = await startProcess({
    name: 'worker',
    stateDir: null,
    command: [process.execPath, '--import', import.meta.resolve('tsx'), program],
    cwd: source('../..'),
    env: {
      ...process.env,
      HONE_WORKSPACE: town.dir,
      HONE_LOG_LEVEL: 'info',
      HONE_TEMPORAL_LOG_LEVEL: 'ERROR',
      ...(drill ? { HONE_DRILL: drill } : {}),
    },
    logFile,
    tied: true,
    ready: async () => (await readFile(logFile, 'utf8').catch(() => '')).slice(from).includes('worker is up'),
    readyTimeoutMs: 60_000,
  });
  const died = worker.exited.then(async ({ signal, code }) => {
    if (signal !== 'SIGKILL')
      throw new Error(`the worker ended with ${signal ?? code}: ${await readFile(logFile, 'utf8')}`);
  });
  died.catch(() => undefined);
  return {
    pid: worker.pid,
    died,
    async kill() {
      process.kill(-worker.pid, 'SIGKILL');
      await worker.exited;
    },
    stop: () => worker.stop(),
  };
}
