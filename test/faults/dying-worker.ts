/**
 * A real worker that kills itself with SIGKILL at a chosen point: `HONE_DRILL=train:after` dies when the effect of the
 * activity `train` is there and nobody has heard of it; `train:before` dies when it was handed out and did nothing.
 */

import { loadWorkspace } from '../../src/config/load.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { startWorkers } from '../../src/worker.ts';

const [activity, when] = (process.env['HONE_DRILL'] ?? '').split(':');
const workspace = process.env['HONE_WORKSPACE'] ?? '.';
const { hone } = await loadWorkspace(workspace);

const die = async () => {
  process.kill(-process.pid, 'SIGKILL');
  await new Promise(() => undefined);
};

const { done } = await startWorkers({
  workspace,
  hone,
  logger: createLogger('worker'),
  interceptors: {
    activity: [
      (context) => ({
        inbound: {
          async execute(input, next) {
            const chosen = context.info.activityType === activity;
            if (chosen && when === 'before') await die();
            const result = await next(input);
            if (chosen && when === 'after') await die();
            return result;
          },
        },
      }),
    ],
  },
});
await done;
