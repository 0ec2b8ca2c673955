/** Runs the command of a `command` source (psql, dbt, a script) and hands back the files that it left. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Source } from '../../config/sections/data.ts';
import { durationMs } from '../../config/values.ts';
import { SourceCommandFailed } from './errors.ts';

const GRACE_MS = 5000;
const STDERR_KEPT = 2000;

export interface CommandSurroundings {
  /** Folder that the command runs in: the project. */
  readonly base: string;
  readonly asOf: string;
  /** Empty folder of its own, given to the command as `HONE_OUTPUT`. */
  readonly output: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The command gets `HONE_AS_OF` and `HONE_OUTPUT` (a folder) and either writes `.parquet`, `.csv` or `.jsonl` files
 * there, or prints CSV with a header, which is kept as `stdout.csv`. It has a process group of its own: on abort or
 * time-out SIGTERM, five seconds later SIGKILL, for all of its children.
 *
 * @returns a glob over the files it left
 * @throws SourceCommandFailed on exit other than 0, time-out, or when it left nothing
 */
export async function runSourceCommand(
  source: Extract<Source, { type: 'command' }>,
  surroundings: CommandSurroundings,
): Promise<string> {
  const { base, asOf, output, signal } = surroundings;
  const [program = '', ...parameters] = source.command;
  signal?.throwIfAborted();
  await mkdir(output, { recursive: true });
  const child = spawn(program, parameters, {
    cwd: base,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HONE_AS_OF: asOf, HONE_OUTPUT: output },
  });
  const printed = join(output, 'stdout.csv');
  const sink = child.stdout.pipe(createWriteStream(printed));
  let stderr = '';
  child.stderr.on('data', (part: Buffer) => {
    stderr = (stderr + part.toString('utf8')).slice(-STDERR_KEPT);
  });

  let stopped: string | undefined;
  let killer: NodeJS.Timeout | undefined;
  const stop = (reason: string) => {
    stopped ??= reason;
    killGroup(child.pid, 'SIGTERM');
    killer ??= setTimeout(() => killGroup(child.pid, 'SIGKILL'), GRACE_MS);
  };
  const abort = () => stop('it was cancelled');
  const timer = setTimeout(() => stop(`it ran longer than ${source.timeout}`), durationMs(source.timeout));
  signal?.addEventListener('abort', abort);
  const fail = (problem: string) => new SourceCommandFailed(program, problem, stderr.replaceAll(/\s+/g, ' ').trim());
  try {
    const end = await new Promise<string | undefined>((resolve) => {
      child.once('error', (error) => resolve(`it cannot be started (${error.message})`));
      child.once('close', (code, by) => resolve(code === 0 ? undefined : `it ended with ${code ?? by}`));
    });
    sink.end();
    await finished(sink);
    signal?.throwIfAborted();
    if (stopped ?? end) throw fail(stopped ?? end ?? '');
  } finally {
    clearTimeout(timer);
    clearTimeout(killer);
    signal?.removeEventListener('abort', abort);
  }
  if ((await stat(printed)).size === 0) await rm(printed);
  if ((await readdir(output)).length === 0) throw fail('it ended well but left no file and printed nothing');
  return join(output, '*');
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // the group is gone already
  }
}
