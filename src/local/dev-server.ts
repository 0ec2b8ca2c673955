/** The real Temporal dev server as a process of our own: tuned, with hone's search attributes, owned by its pid. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { freePort, isListening } from './ports.ts';
import { type RunningProcess, startProcess } from './processes.ts';
import { ensureTemporalCli } from './temporal-cli.ts';

/** All of type Keyword. Written by workflows, read by lists and pages without a worker (design §4). */
export const SEARCH_ATTRIBUTES = [
  'HoneModel',
  'HoneRun',
  'HoneTrigger',
  'HoneStage',
  'HoneVerdict',
  'HoneNeeds',
] as const;

/** The dev server hands out 20 tasks a second and shard by default, which is 50 ms a task whatever the load (measured). */
const QUICK_TASKS = ['transfer', 'timer', 'visibility', 'outbound'].map(
  (queue) => `history.${queue}ProcessorMaxPollRPS=2000`,
);
/** It allows for clocks of several hosts that differ by a second, so that a timer of 0.2 s takes a whole one (measured). */
const PRECISE_TIMERS = 'history.timerProcessorMaxTimeShift="10ms"';
const TIME_SKIPPING = 'frontend.WorkflowTimeSkippingEnabled=true';
/** Durable enough for one machine, and close to the speed of memory. */
export const PRAGMAS = ['journal_mode=wal', 'synchronous=normal'] as const;

export interface DevServerOptions {
  /** In memory where absent. */
  readonly dbFile?: string;
  /** Free ones are chosen where absent. `uiPort: null`: no web pages. */
  readonly port?: number;
  readonly uiPort?: number | null;
  readonly logFile: string | null;
  /** @default true */
  readonly tuned?: boolean;
  /** Lets single workflows skip time; a pre-release feature of the server, for tests. @default false */
  readonly timeSkipping?: boolean;
  /** Further arguments of `temporal server start-dev`. */
  readonly extra?: readonly string[];
  /** Ends with this process, even by SIGKILL. @default true */
  readonly tied?: boolean;
  /** Folder for its pid record; null where nobody else must find it. @default null */
  readonly stateDir?: string | null;
  readonly onProgress?: (sentence: string) => void;
}

export interface DevServer {
  /** `host:port` of the frontend. */
  readonly address: string;
  readonly uiUrl: string | null;
  readonly pid: number;
  readonly stop: () => Promise<void>;
  readonly exited: RunningProcess['exited'];
}

const HOST = '127.0.0.1';

/**
 * Ready when its TCP port answers: a client that connects earlier adds a back-off of a second.
 *
 * @throws TemporalCliMissing, ProcessAlreadyRunning, ProcessNotReady
 */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const cli = await ensureTemporalCli(options.onProgress === undefined ? {} : { onProgress: options.onProgress });
  const port = options.port ?? (await freePort());
  const uiPort = options.uiPort === null ? null : (options.uiPort ?? (await freePort()));
  if (options.dbFile !== undefined) await mkdir(dirname(options.dbFile), { recursive: true });
  const address = `${HOST}:${port}`;
  const uiUrl = uiPort === null ? null : `http://${HOST}:${uiPort}`;
  const running = await startProcess({
    name: 'temporal',
    stateDir: options.stateDir ?? null,
    command: [cli.path, ...devServerArguments({ ...options, port, uiPort })],
    logFile: options.logFile,
    tied: options.tied ?? true,
    facts: { address, ui: uiUrl ?? '' },
    ready: () => isListening(HOST, port),
  });
  const stop = () => running.stop();
  return { address, uiUrl, pid: running.pid, stop, exited: running.exited };
}

export function devServerArguments(options: DevServerOptions & { port: number; uiPort: number | null }): string[] {
  const { dbFile, port, uiPort, tuned = true, timeSkipping = false, extra = [] } = options;
  // Not both: with precise timers a workflow that has skipped time now and then misses its next timer (measured).
  const timers = timeSkipping ? TIME_SKIPPING : PRECISE_TIMERS;
  const dynamic = [...(tuned ? QUICK_TASKS : []), ...(tuned || timeSkipping ? [timers] : [])];
  return [
    ...['server', 'start-dev', '--ip', HOST, '--port', String(port), '--log-level', 'warn'],
    ...(uiPort === null ? ['--headless'] : ['--ui-port', String(uiPort)]),
    ...(dbFile === undefined
      ? []
      : ['--db-filename', dbFile, ...PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma])]),
    ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...dynamic.flatMap((value) => ['--dynamic-config-value', value]),
    ...extra,
  ];
}
