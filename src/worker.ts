/** Starts the Temporal workers of this process: workflows and ordinary activities, and training on its own queue. */
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import {
  DefaultLogger,
  type LogLevel,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerInterceptors,
} from '@temporalio/worker';
import type { Deps } from './activities/deps.ts';
import { createActivities } from './activities/index.ts';
import { connectLazily } from './client/connect.ts';
import { connectionOptions, knock } from './client/connection-options.ts';
import { TemporalUnreachable } from './client/errors.ts';
import type { HoneConfig } from './config/hone.ts';
import { loadWorkspace } from './config/load.ts';
import { HoneError } from './errors.ts';
import { honeCacheFolder } from './local/cache-folder.ts';
import { SettingUnusable } from './local/errors.ts';
import { digestOfSources, workflowBundle } from './local/workflow-bundle.ts';
import { openStore, proveConditionalCreate } from './store/open-store.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { trainingQueue } from './workflows/contract.ts';

const RETRY_MS = 2000;

const QUEUES = ['main', 'training'] as const;
export type WorkerQueue = (typeof QUEUES)[number];

export interface WorkerOptions {
  /** The folder with `config/`; relative paths in model files start here. */
  readonly workspace: string;
  readonly hone: HoneConfig;
  readonly logger: Logger;
  /** Default: a folder of the workspace, so that a worker finds the checkpoints of the one before it. */
  readonly scratchDir?: string;
  /** Default: both. A machine for training alone takes only the second. */
  readonly queues?: readonly WorkerQueue[];
  /** Name of this build, where `temporal.deployment` is set. Default: `HONE_BUILD`, else the digest of the sources. */
  readonly build?: string;
  /** Around every activity: where drills stop a worker at a chosen point. */
  readonly interceptors?: WorkerInterceptors;
}

/**
 * Runs until `stop` is called; `done` rejects when a worker fails.
 *
 * @throws StoreWithoutConditionalCreate, StoreRefused, StoreUnreachable, TemporalUnreachable, TemporalSecretMissing
 */
export async function startWorkers(options: WorkerOptions): Promise<{ stop(): Promise<void>; done: Promise<void> }> {
  const { hone, workspace, logger } = options;
  const { address, namespace, task_queue } = hone.temporal;
  const cacheDir = honeCacheFolder();
  const client = connectLazily(hone, logger);
  const deps: Deps = {
    workspace,
    hone,
    store: openStore(hone.store, workspace),
    cacheDir: join(cacheDir, 'objects'),
    scratchDir: options.scratchDir ?? join(workspace, '.hone', 'scratch'),
    logger,
    code: codeVersion(workspace),
    client,
  };
  await proveConditionalCreate(deps.store);
  const reached = await connectionOptions(hone.temporal);
  await knock(reached);
  const connection = await NativeConnection.connect(reached).catch((cause: unknown) => {
    throw new TemporalUnreachable(address, cause);
  });
  const { deployment } = hone.temporal;
  const buildId = options.build ?? (process.env['HONE_BUILD'] || (await digestOfSources()));
  const shared = {
    connection,
    namespace,
    activities: createActivities(deps),
    // The server asks a dead worker's own queue first; half a second instead of ten until another one is asked.
    stickyQueueScheduleToStartTimeout: '500ms',
    maxHeartbeatThrottleInterval: '2s',
    defaultHeartbeatThrottleInterval: '2s',
    shutdownGraceTime: '5s',
    shutdownForceTime: '20s',
    // Runs stay on the build that they began on; `model` and `probation`, which go on for ever, say otherwise of themselves.
    ...(deployment
      ? {
          workerDeploymentOptions: {
            useWorkerVersioning: true as const,
            version: { deploymentName: deployment, buildId },
            defaultVersioningBehavior: 'PINNED' as const,
          },
        }
      : {}),
    ...(options.interceptors ? { interceptors: options.interceptors } : {}),
  } as const;
  const queues = options.queues ?? QUEUES;
  const create = {
    main: async () =>
      Worker.create({
        ...shared,
        taskQueue: task_queue,
        workflowBundle: { codePath: await workflowBundle(cacheDir) },
      }),
    training: () =>
      Worker.create({ ...shared, taskQueue: trainingQueue(task_queue), maxConcurrentActivityTaskExecutions: 1 }),
  };
  const workers: Worker[] = [];
  for (const queue of queues) workers.push(await create[queue]());
  const done = Promise.all(workers.map((worker) => worker.run())).then(async () => {
    await client.close();
    await connection.close();
  });
  const build = deployment ? { build: buildId } : {};
  logger.info({ address, task_queue, queues, store: deps.store.uri, ...build }, 'worker is up');
  return {
    done,
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await done;
    },
  };
}

/** The commit that made a version, and whether the tree differed from it. */
function codeVersion(workspace: string): Deps['code'] {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', workspace, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return { commit: git('rev-parse', 'HEAD'), dirty: git('status', '--porcelain') !== '' };
  } catch {
    return { commit: process.env['HONE_COMMIT'] || 'unknown', dirty: false };
  }
}

/** `HONE_WORKER_QUEUE`: `main` or `training`; both where it is not set. @throws SettingUnusable */
export function queuesOf(env: NodeJS.ProcessEnv): readonly WorkerQueue[] {
  const name = env['HONE_WORKER_QUEUE'];
  if (name === undefined) return QUEUES;
  const queue = QUEUES.find((one) => one === name);
  if (queue === undefined) throw new SettingUnusable('HONE_WORKER_QUEUE', name, `there are ${QUEUES.join(' and ')}`);
  return [queue];
}

/** Temporal may come up later than its workers, so they wait for it; whatever else is missing ends them. */
async function startPatiently(options: WorkerOptions): ReturnType<typeof startWorkers> {
  for (;;) {
    try {
      return await startWorkers(options);
    } catch (error) {
      if (!(error instanceof TemporalUnreachable)) throw error;
      options.logger.error({ code: error.code, retry_in_ms: RETRY_MS }, error.message);
      await sleep(RETRY_MS);
    }
  }
}

async function main(): Promise<void> {
  const logger = createLogger('worker');
  Runtime.install({ logger: new DefaultLogger((process.env['HONE_TEMPORAL_LOG_LEVEL'] ?? 'WARN') as LogLevel) });
  const workspace = resolve(process.env['HONE_WORKSPACE'] || '.');
  try {
    const { hone } = await loadWorkspace(workspace);
    const { done } = await startPatiently({ workspace, hone, logger, queues: queuesOf(process.env) });
    process.send?.('ready');
    await done;
  } catch (error) {
    if (!(error instanceof HoneError)) throw error;
    logger.fatal({ code: error.code }, error.message);
    process.exit(error.exitCode);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
