/**
 * Named processes on this machine, written down under `.hone/processes` so that a later command finds and stops them.
 * A process is killed only while its start time is the one written down: a recycled number belongs to somebody else.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pollUntil } from './deadline.ts';
import { ProcessAlreadyRunning, ProcessNotReady } from './errors.ts';
import { stopWithParent } from './parent-watch.ts';
import { groupLives, processIdentity, signalGroup } from './process-identity.ts';
import { claimName, findProcess, type ProcessRecord, removeRecord, writeRecord } from './process-records.ts';

export interface StartOptions {
  readonly name: string;
  /** Folder of the record; null where nobody else must find it. */
  readonly stateDir: string | null;
  readonly command: readonly [program: string, ...args: string[]];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Appended to. */
  readonly logFile: string | null;
  /** Ends with this process, even when this process is killed with SIGKILL. */
  readonly tied: boolean;
  readonly facts?: Record<string, string>;
  /** Looks whether it is ready; asked again and again until it answers true. */
  readonly ready?: () => Promise<boolean>;
  readonly readyTimeoutMs?: number;
}

export interface RunningProcess extends ProcessRecord {
  /** SIGTERM, then SIGKILL after the grace time; returns when the whole group is gone. */
  stop(graceMs?: number): Promise<void>;
  /** When it has ended, by itself or not. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const GRACE_MS = 10_000;

/**
 * @throws ProcessAlreadyRunning where one of this name lives
 * @throws ProcessNotReady, after stopping it, where it ends or does not answer in time; with the end of its log
 */
export async function startProcess(options: StartOptions): Promise<RunningProcess> {
  const { stateDir } = options;
  if (stateDir !== null) await claimName(stateDir, options.name);
  const release = async () => (stateDir === null ? undefined : await removeRecord(stateDir, options.name));
  let spawned: Spawned;
  try {
    spawned = await spawnDetached(options);
  } catch (error) {
    await release();
    throw new ProcessNotReady(
      options.name,
      `it could not be started: ${(error as Error).message}`,
      options.logFile,
      '',
    );
  }
  const { child, exited } = spawned;
  const pid = child.pid ?? 0;
  const unwatch = options.tied ? stopWithParent(pid) : () => undefined;
  void exited.then(unwatch);
  const entry: ProcessRecord = {
    name: options.name,
    pid,
    identity: (await processIdentity(pid)) ?? '',
    command: [...options.command],
    log: options.logFile,
    started_at: new Date().toISOString(),
    facts: options.facts ?? {},
  };
  if (stateDir !== null) await writeRecord(stateDir, entry);
  const stop = async (graceMs = GRACE_MS) => {
    await endGroup(pid, graceMs);
    unwatch();
    await release();
  };
  await waitUntilReady(options, exited, stop);
  child.unref();
  return { ...entry, stop, exited };
}

/**
 * @returns what was stopped; undefined where nothing of this name lived
 * @throws ProcessAlreadyRunning where another command is just starting it
 */
export async function stopProcess(
  stateDir: string,
  name: string,
  graceMs = GRACE_MS,
): Promise<ProcessRecord | undefined> {
  const entry = await findProcess(stateDir, name);
  if (entry !== undefined && entry.command.length === 0) throw new ProcessAlreadyRunning(name, entry.pid);
  if (entry !== undefined) await endGroup(entry.pid, graceMs);
  await removeRecord(stateDir, name);
  return entry;
}

type Spawned = { child: ChildProcess; exited: RunningProcess['exited'] };

async function spawnDetached({ command: [program, ...args], cwd, env, logFile }: StartOptions): Promise<Spawned> {
  if (logFile !== null) await mkdir(dirname(logFile), { recursive: true });
  const log = logFile === null ? undefined : await open(logFile, 'a');
  try {
    const out = log?.fd ?? 'ignore';
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', out, out] });
    // Listened for at once: a program that ends at its start may end while its log is still being closed here.
    const exited = ended(child);
    await new Promise<void>((started, failed) => {
      child.once('spawn', started);
      child.once('error', failed);
    });
    return { child, exited };
  } finally {
    await log?.close();
  }
}

function ended(child: ChildProcess): RunningProcess['exited'] {
  return new Promise((done) => child.once('exit', (code, signal) => done({ code, signal })));
}

async function endGroup(group: number, graceMs: number): Promise<void> {
  const gone = async () => ((await groupLives(group)) ? undefined : true);
  signalGroup(group, 'SIGTERM');
  if (await pollUntil(gone, { timeoutMs: graceMs })) return;
  signalGroup(group, 'SIGKILL');
  await pollUntil(gone, { timeoutMs: 5000 });
}

async function waitUntilReady(
  options: StartOptions,
  exited: RunningProcess['exited'],
  stop: () => Promise<void>,
): Promise<void> {
  if (options.ready === undefined) return;
  const { ready, readyTimeoutMs = 30_000 } = options;
  let end: string | undefined;
  void exited.then(({ code, signal }) => {
    end = signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
  });
  const ask = async () => end ?? ((await ready()) ? true : undefined);
  const answer = (await pollUntil(ask, { timeoutMs: readyTimeoutMs })) ?? `no answer within ${readyTimeoutMs / 1000} s`;
  if (answer === true) return;
  await stop();
  throw new ProcessNotReady(options.name, answer, options.logFile, await lastLines(options.logFile));
}

async function lastLines(file: string | null): Promise<string> {
  const text = file === null ? '' : await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-8).join('\n');
}
