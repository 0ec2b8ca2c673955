/**
 * Program of a serving node: `tsx src/serving/main.ts [--workspace <folder>] [--node <name>] [--port <n>] [--staged-faults]`.
 *
 * Serves every model of the workspace; SIGTERM and SIGINT finish the requests under way, write the logs out and end it.
 */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadWorkspace } from '../config/load.ts';
import { durationMs } from '../config/values.ts';
import { HoneError } from '../errors.ts';
import { servingCacheOf } from '../monitoring/hash-key.ts';
import { openStore } from '../store/open-store.ts';
import { createLogger } from '../telemetry/logger.ts';
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
  const port = Number(values.port ?? hone.serving.port);
  const node = await startServingNode({
    store: openStore(hone.store, dir),
    models: [...models.keys()],
    host: hone.serving.host,
    port,
    node: values.node ?? `${hostname().replaceAll(/[^A-Za-z0-9_-]/g, '-')}-${port}`,
    pollMs: durationMs(hone.serving.poll),
    logger,
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
