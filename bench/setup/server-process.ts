/** A server under load in a process group of its own: ready when it says so, measured with all its children, ended at the end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GroupUse, groupUse } from './process-use.ts';

export interface ServerProcess {
  readonly url: string;
  /** From the start of the process until it was ready. */
  readonly readySeconds: number;
  use(): Promise<GroupUse>;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 60_000;

/** @param readyPath answers 200 as soon as the server can predict. The program's first line is its address. */
export async function startServer(command: string, args: readonly string[], readyPath: string): Promise<ServerProcess> {
  const started = performance.now();
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const url = await firstLine(child);
  while (!(await fetch(`${url}${readyPath}`).catch(() => null))?.ok) {
    if (performance.now() - started > READY_WITHIN_MS) throw new Error(`${args.join(' ')} was not ready in a minute`);
    await sleep(10);
  }
  const readySeconds = (performance.now() - started) / 1000;
  return {
    url,
    readySeconds,
    use: () => groupUse(child.pid ?? 0),
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('no output');
  for await (const line of createInterface(child.stdout)) return line;
  throw new Error('the server ended before it answered');
}
