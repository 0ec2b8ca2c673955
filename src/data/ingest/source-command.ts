/** Runs the command of a `command` source (psql, dbt, a script), which leaves files in a folder of its own. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { access, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Source } from '../../config/sections/sources.ts';
import { durationMs } from '../../config/values.ts';
import { SourceCommandFailed } from './errors.ts';

const GRACE_MS = 5000;
const STDERR_KEPT = 2000;

export interface CommandSurroundings {
  /** Folder that the command runs in: the project. */
  readonly base: string;
  /** `from` is null where all history is wanted. */
  readonly window: { readonly from: string | null; readonly to: string };
  /** Folder of its own, made empty. */
  readonly output: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The command is told `{from, to, as_of, out}` as one JSON document on stdin and as HONE_FROM (empty for all history),
 * HONE_TO, HONE_AS_OF and HONE_OUTPUT. It writes `.parquet`, `.csv` or `.jsonl` files into `out`, or prints CSV with a
 * header, which is kept as `stdout.csv`. It is complete when it ends with 0 and, where the model file names a
 * completion marker, the marker lies in `out`.
 *
 * It has a process group of its own: on abort or time-out SIGTERM, five seconds later SIGKILL, for all of its children.
 *
 * @throws SourceCommandFailed on exit other than 0, time-out, without its marker, or when it left nothing
 */
export async function runSourceCommand(
  source: Extract<Source, { type: 'command' }>,
  surroundings: CommandSurroundings,
): Promise<void> {
  const { base, window, output, signal } = surroundings;
  const [program = '', ...parameters] = source.command;
  signal?.throwIfAborted();
  await mkdir(output, { recursive: true });
  const { from, to } = window;
  const child = spawn(program, parameters, {
    cwd: base,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, HONE_FROM: from ?? '', HONE_TO: to, HONE_AS_OF: to, HONE_OUTPUT: output },
  });
  child.stdin.on('error', () => undefined); // many commands never read it
  child.stdin.end(`${JSON.stringify({ from, to, as_of: to, out: output })}\n`);
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
  const marker = source.completion_marker;
  if (marker !== undefined && !(await exists(join(output, marker)))) {
    throw fail(`it ended well but left no ${marker}, which says that its files are complete`);
  }
  if ((await readdir(output)).every((name) => /^[_.]/.test(name))) {
    throw fail('it ended well but left no file and printed nothing');
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // the group is gone already
  }
}
