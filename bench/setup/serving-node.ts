/** A prediction server in a process of its own: `serving-node.ts <folder> <model> …`; prints its address, ends by SIGTERM. */
import { join } from 'node:path';
import { startServingNode } from '../../src/serving/server.ts';
import { openStore } from '../../src/store/open-store.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

const [dir = '', ...models] = process.argv.slice(2);
const node = await startServingNode({
  ...{
    store: openStore(`file:${join(dir, 'store')}`),
    models,
    host: '127.0.0.1',
    port: 0,
    node: 'bench',
    pollMs: 1000,
  },
  ...{ logger: createLogger('bench', 'error'), cacheDir: join(dir, 'cache') },
});
process.on('SIGTERM', () => void node.close().then(() => process.exit(0)));
console.log(node.url);
