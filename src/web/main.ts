/** Program of the pages: `tsx src/web/main.ts [--workspace <folder>]`. SIGTERM and SIGINT end it. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadWorkspace } from '../config/load.ts';
import { HoneError } from '../errors.ts';
import { createLogger } from '../telemetry/logger.ts';
import { startPages } from './server.ts';

const { values } = parseArgs({ options: { workspace: { type: 'string', default: '.' } } });
const logger = createLogger('web');

try {
  const pages = await startPages(await loadWorkspace(resolve(values.workspace)), logger, process.env);
  logger.info({ url: pages.url }, 'pages are up');
  const end = async () => {
    await pages.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end());
} catch (error) {
  logger.fatal({ err: error }, error instanceof Error ? error.message : String(error));
  process.exit(error instanceof HoneError ? error.exitCode : 1);
}
