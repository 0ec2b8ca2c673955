/** Runs one trainer program in its own process group, under a time and a memory limit, until none of it is left. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { TrainerProgress } from './contract.ts';
import type { LastWords } from './errors.ts';
import { groupUse, signalGroup } from './process-group.ts';
import { eachLine, parseLine, sanitise } from './trainer-output.ts';

export interface TrainerCommand {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** Called once it runs; what it returns is called when all of it is over. */
  readonly noted?: (pid: number) => Promise<() => Promise<void>>;
}

export interface TrainerLimits {
  readonly wallClockMs: number;
  readonly memoryMb: number;
  /** How long the program may take to write a checkpoint after SIGTERM; 10 s unless told. */
  readonly graceMs?: number;
}

export interface TrainerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why we ended it, if we did. */
  readonly stopped: 'wall_clock' | 'memory' | 'cancelled' | null;
  /** Whether it took SIGKILL to end it. */
  readonly killed: boolean;
  readonly peakMb: number;
  /** Processor time of the program and its helpers, to a fifth of a second. */
  readonly cpuSeconds: number;
  readonly words: LastWords;
}

const memoryEveryMs = 200;
const progressEveryMs = 100;
const logBytes = 1_048_576;
const logLines = 50;

/**
 * Starts the program and waits for its end. SIGTERM, grace, SIGKILL, always to the whole group; what it leaves running
 * behind itself is killed as well. At most 1 MiB of its output is kept in `logFile`; the rest is read and dropped.
 *
 * @throws what spawn reports when the program cannot be started
 */
export async function runProcess(
  { command: [program, ...args], cwd, env, logFile, noted }: TrainerCommand,
  limits: TrainerLimits,
  onProgress: (line: TrainerProgress) => void,
  signal?: AbortSignal,
): Promise<TrainerEnd> {
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  await once(child, 'spawn');
  const group = child.pid!;
  const listener = listen(child, logFile, onProgress);
  let stopped: TrainerEnd['stopped'] = null;
  let killed = false;
  let grace: NodeJS.Timeout | undefined;
  const kill = () => {
    killed = signalGroup(group, 'SIGKILL');
  };
  const stop = (why: NonNullable<TrainerEnd['stopped']>) => {
    if (stopped) return;
    stopped = why;
    if (why === 'memory') return kill();
    signalGroup(group, 'SIGTERM');
    grace = setTimeout(kill, limits.graceMs ?? 10_000);
  };
  const cancel = () => stop('cancelled');
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted) cancel();
  const clock = setTimeout(() => stop('wall_clock'), limits.wallClockMs);
  const memory = watchMemory(group, limits.memoryMb, () => stop('memory'));
  const forget = noted?.(group);
  try {
    const [code, endSignal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    signalGroup(group, 'SIGKILL'); // helpers it may have left behind hold its pipes open
    const words = await listener.end();
    return {
      code,
      signal: endSignal,
      stopped,
      killed,
      peakMb: memory.peakMb(),
      cpuSeconds: memory.cpuSeconds(),
      words,
    };
  } finally {
    clearTimeout(clock);
    clearTimeout(grace);
    memory.stop();
    signal?.removeEventListener('abort', cancel);
    // A record that could not be written or removed names a process that is gone: it stands in nobody's way.
    await forget?.then((done) => done()).catch(() => undefined);
  }
}

/** Looks at the group's memory five times a second. RLIMIT_AS would count address space, which threads reserve and never use. */
function watchMemory(group: number, limitMb: number, onExceeded: () => void) {
  let peak = 0;
  let cpu = 0;
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    const { residentMb, cpuSeconds } = await groupUse(group).catch(() => ({ residentMb: 0, cpuSeconds: 0 }));
    looking = false;
    peak = Math.max(peak, residentMb);
    cpu = Math.max(cpu, cpuSeconds);
    if (residentMb > limitMb) onExceeded();
  };
  const timer = setInterval(() => void look(), memoryEveryMs);
  return { peakMb: () => peak, cpuSeconds: () => cpu, stop: () => clearInterval(timer) };
}

/** Reads both streams: lines of the contract are taken, everything else is log. */
function listen(child: ChildProcess, logFile: string, onProgress: (line: TrainerProgress) => void) {
  const file = createWriteStream(logFile);
  file.on('error', () => undefined); // a full disk must not stop the training; the last lines are kept in memory
  const log: string[] = [];
  let written = 0;
  let error: string | undefined;
  let reportedAt = 0;
  const keep = (line: string) => {
    log.push(line); // sanitised at the end: only the last lines are ever shown
    if (log.length > logLines) log.shift();
    if (written > logBytes) return;
    const text = sanitise(line);
    written += text.length + 1;
    file.write(written > logBytes ? '(what follows is not kept: the log is full)\n' : `${text}\n`);
  };
  const take = (line: string) => {
    const parsed = parseLine(line);
    if (parsed?.type === 'progress') {
      const last = parsed.step >= parsed.of;
      if (!last && Date.now() - reportedAt < progressEveryMs) return;
      reportedAt = Date.now();
      onProgress(parsed);
    } else if (parsed?.type === 'error') {
      error = parsed.message;
      keep(`error ${parsed.code}: ${parsed.message}`);
    } else {
      keep(parsed ? `${parsed.level}: ${parsed.message}` : line);
    }
  };
  const streams = [eachLine(child.stdout!, take), eachLine(child.stderr!, keep)];
  return {
    async end(): Promise<LastWords> {
      await Promise.all(streams);
      await new Promise<void>((resolve) => file.end(resolve));
      return { error, log: log.map(sanitise).filter((line) => line.trim() !== '') };
    },
  };
}
