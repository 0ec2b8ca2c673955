/**
 * Program of a serving node: `tsx src/serving/main.ts [--workspace <folder>] [--node <name>] [--port <n>] [--staged-faults]`.
 *
 * Serves every model of the workspace; SIGTERM and SIGINT finish the requests under way, write the logs out and end it.
 */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { HoneConfig } from '../config/hone.ts';
import { loadWorkspace } from '../config/load.ts';
import { durationMs } from '../config/values.ts';
import { outsideTarget } from '../deployment/contract.ts';
import { HoneError } from '../errors.ts';
import { servingCacheOf } from '../monitoring/log/hash-key.ts';
import { asOfNow } from '../store/clock.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { openStore } from '../store/open-store.ts';
import { createLogger } from '../telemetry/logger.ts';
import { readEventKeys } from '../triggers/signature.ts';
import type { DeploymentDoor } from './deployment-endpoint.ts';
import { openDoor } from './door.ts';
import type { EventDoor } from './event-endpoint.ts';
import { startServingNode } from './server.ts';

const { values } = parseArgs({
  options: {
    workspace: { type: 'string', default: '.' },
    node: { type: 'string' },
    port: { type: 'string' },
    cache: { type: 'string' },
    'staged-faults': { type: 'boolean', default: false },
  },
});
const logger = createLogger('serving');

try {
  const dir = resolve(values.workspace);
  const { hone, models } = await loadWorkspace(dir);
  const door = openDoor(hone, process.env);
  const port = Number(values.port ?? hone.serving.port);
  const store = openStore(hone.store, dir);
  const events = await eventDoor(hone, store);
  const piped = [...models.values()].some(({ config }) => outsideTarget(config.deploy.target)?.kind === 'webhook');
  const node = await startServingNode({
    store,
    ...(events ? { events } : {}),
    ...(piped ? { deployments: await deploymentDoor(hone) } : {}),
    ...(door ? { door } : {}),
    models: [...models.keys()],
    host: hone.serving.host,
    port,
    node: values.node ?? `${hostname().replaceAll(/[^A-Za-z0-9_-]/g, '-')}-${port}`,
    pollMs: durationMs(hone.serving.poll),
    logger,
    limits: Object.fromEntries(
      [...models].flatMap(([model, { config }]) =>
        config.monitoring.service === undefined ? [] : [[model, config.monitoring.service]],
      ),
    ),
    stagedFaults: values['staged-faults'],
    logHashKey: { reference: hone.log_hash_key, dir },
    cacheDir: values.cache ?? servingCacheOf(dir),
  });
  let closing = false;
  const end = async (signal: string) => {
    if (closing) return;
    closing = true;
    logger.info({ signal }, 'closing');
    await node.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(signal));
} catch (error) {
  logger.fatal({ err: error }, error instanceof Error ? error.message : String(error));
  process.exit(error instanceof HoneError ? error.exitCode : 1);
}

/** Temporal's client is loaded only where somebody may send events. */
async function eventDoor(hone: HoneConfig, store: ObjectStore): Promise<EventDoor | undefined> {
  if (hone.events === undefined) return undefined;
  const keys = readEventKeys(hone.events.keys, process.env);
  const { connectLazily } = await import('../client/connect.ts');
  const { handOver } = await import('../client/events.ts');
  const client = connectLazily(hone, logger);
  return {
    keys,
    handOver: (model, trigger, patienceMs) => handOver({ client, store }, model, trigger, patienceMs),
    asOf: () => asOfNow(store, hone.clock),
  };
}

/** Pipelines answer here; who waits for them is a workflow. */
async function deploymentDoor(hone: HoneConfig): Promise<DeploymentDoor> {
  const { connectLazily } = await import('../client/connect.ts');
  const { tellDeployed } = await import('../client/deployments.ts');
  const client = connectLazily(hone, logger);
  return { environment: process.env, tell: (workflow, key) => tellDeployed(client, workflow, key) };
}
