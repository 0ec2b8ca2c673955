/** Starts one serving node: follows ledgers, answers over HTTP, says in `nodes/<node>.json` what it does. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { hashKey, type KeyPlace } from '../monitoring/log/hash-key.ts';
import { LogWriter } from '../monitoring/log/log-writer.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { buildApp } from './app.ts';
import type { NodeRecord } from './contract.ts';
import type { DeploymentDoor } from './deployment-endpoint.ts';
import type { Door } from './door.ts';
import type { EventDoor } from './event-endpoint.ts';
import { ServingMetrics } from './metrics.ts';
import { ModelService } from './model-service.ts';
import { removeNode, writeNode } from './nodes.ts';
import { Recorder } from './record-endpoints.ts';
import { ServiceHealth } from './service-health.ts';
import { beyondLimits, type ServiceLimits } from './service-limits.ts';
import { StagedFaults } from './staged-faults.ts';

export interface ServingNodeOptions {
  readonly store: ObjectStore;
  readonly models: readonly string[];
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Name of this node, one segment of an object key; no two nodes may share it. */
  readonly node: string;
  readonly pollMs: number;
  readonly logger: Logger;
  /** `monitoring.service` by model; a server that is beyond one says so in its record and metrics. */
  readonly limits?: Readonly<Record<string, ServiceLimits>>;
  /** Opens `POST /v1/staged-faults`. For demos and drills. */
  readonly stagedFaults?: boolean;
  /** Where versions are cached and logs wait; several nodes may share it. */
  readonly cacheDir: string;
  /** Where the key of the log's hashes is found; left out: in the environment, or made in `cacheDir`. */
  readonly logHashKey?: Pick<KeyPlace, 'reference' | 'dir'>;
  /** Who may send events, and the way to the owners; left out: none are taken. */
  readonly events?: EventDoor;
  /** The way to workflows that wait for a pipeline's answer; left out: none are taken. */
  readonly deployments?: DeploymentDoor;
  /** Whose token is whose; left out: nobody needs one. */
  readonly door?: Door;
  /** Rows of one model that may be under way at once; more are refused with `Retry-After`. Default 20,000. */
  readonly maxWaitingRows?: number;
  /** Of one scoring call of a canary or shadow, plus 1 ms a row; then its process is killed. Default 2,000. */
  readonly armTimeoutMs?: number;
}

export interface ServingNode {
  readonly url: string;
  /** Takes no new requests, finishes the ones it has, writes the logs out, ends its processes. */
  close(): Promise<void>;
}

/** A store that never answers must not keep a node from ending. */
const FLUSH_AT_CLOSE_MS = 10_000;

/** Resolves when the node listens; `/ready` says when it follows the ledger. */
export async function startServingNode(options: ServingNodeOptions): Promise<ServingNode> {
  const { store, models, host, port, node, pollMs, logger, cacheDir, limits = {} } = options;
  const tempDir = join(cacheDir, 'tmp');
  const staged = options.stagedFaults ? new StagedFaults() : undefined;
  const onError = (error: unknown) =>
    logger.error({ err: error }, 'the prediction log could not be written; it is tried again');
  const log = new LogWriter({ store, node, tempDir, onError });
  const services = new Map<string, ModelService>();
  const statuses = () => Object.fromEntries([...services].map(([model, service]) => [model, service.status()]));
  const metrics = new ServingMetrics({
    log,
    status: statuses,
    beyond: () => beyondLimits(reading(), limits, new Date().toISOString()),
    waiting: () => [...services].map(([model, { waitingRows }]) => ({ model, rows: waitingRows })),
  });
  const { armTimeoutMs = 2000, maxWaitingRows = 20_000 } = options;
  const parts = { store, cacheDir, log, logger, metrics, staged, armTimeoutMs, maxWaitingRows };
  const logHashKey = await hashKey({ reference: undefined, dir: '.', ...options.logHashKey, cacheDir }, logger);
  for (const model of models) services.set(model, new ModelService(model, { ...parts, logHashKey }));

  const health = new ServiceHealth();
  const boot = randomUUID();
  const state = { beat: 0, url: '', caughtUp: false, draining: false };
  const reading = (): NodeRecord => ({
    node,
    boot,
    beat: state.beat,
    poll_ms: pollMs,
    url: state.url,
    at: new Date().toISOString(),
    draining: state.draining,
    service: health.reading(),
    models: statuses(),
  });
  const record = (): NodeRecord => {
    const own = reading();
    const beyond = beyondLimits(own, limits, own.at).map(({ sentence }) => sentence);
    return beyond.length === 0 ? own : { ...own, beyond_limits: beyond };
  };
  const recorder = new Recorder(store, tempDir);
  const ready = () => {
    state.caughtUp ||= state.beat > 0 && [...services.values()].every((service) => service.settled);
    return state.caughtUp && !state.draining;
  };
  const app = buildApp({
    services,
    log,
    recorder,
    store,
    events: options.events,
    deployments: options.deployments,
    door: options.door,
    metrics,
    health,
    staged,
    logger,
    record,
    ready,
    draining: () => state.draining,
  });
  state.url = await app.listen({ host, port });

  const poll = async () => {
    const looks = [...services.values()].map((service) =>
      service.poll().catch((error: unknown) => {
        logger.warn({ err: error, model: service.model }, 'the ledger cannot be read; what is served stays served');
      }),
    );
    await Promise.all(looks);
    state.beat += 1;
    await writeNode(store, record()).catch((error: unknown) =>
      logger.warn({ err: error }, 'the node record cannot be written'),
    );
  };
  const polling = repeat(poll, pollMs);
  logger.info({ node, url: state.url, models }, 'serving');

  return {
    url: state.url,
    async close() {
      if (state.draining) return;
      state.draining = true;
      await app.close();
      await polling.stop();
      await within(FLUSH_AT_CLOSE_MS, log.flush()).catch(onError);
      await Promise.all([...services.values()].map((service) => service.close()));
      await within(FLUSH_AT_CLOSE_MS, log.flush()).catch(onError); // what shadows scored meanwhile
      await log.close();
      await removeNode(store, node).catch(() => {});
    },
  };
}

/** Runs `work` again and again, `pauseMs` after the last one ended. */
function repeat(work: () => Promise<void>, pauseMs: number): { stop(): Promise<void> } {
  let stopped = false;
  let wake: (() => void) | undefined;
  const loop = (async () => {
    while (!stopped) {
      await work();
      if (stopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  })();
  return {
    async stop() {
      stopped = true;
      wake?.();
      await loop;
    },
  };
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${ms / 1000} s`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
