/** A town that deploys through a real pipeline: its own prediction server takes the callbacks. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { tellDeployed } from '../../src/client/deployments.ts';
import { startServingNode } from '../../src/serving/server.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { type Pipeline, SECRET, startPipeline } from '../deployment/pipeline.ts';
import { smallTown, type Town } from '../town.ts';

const name = (what: string) => `HONE_T${randomBytes(4).toString('hex').toUpperCase()}_${what}`;

export interface PipedTown extends Town {
  readonly pipeline: Pipeline;
  /** Address of the prediction server that takes callbacks; it follows the ledger too. */
  readonly callbacks: string;
}

export async function pipedTown(options: { temporal?: string } = {}): Promise<PipedTown> {
  const [urlEnv, keyEnv, callbackEnv] = [name('URL'), name('KEY'), name('CALLBACK')];
  const pipeline = await startPipeline();
  const town = await smallTown({
    ...options,
    serving: false,
    edit: ({ training, gate, deploy }) => {
      Object.assign(training as object, { refit: 'none' });
      const champion = { promote_when: 'non_inferior', margin: { roc_auc: 0.4, log_loss: 0.4 } };
      Object.assign(gate as object, { champion, slices: { columns: [] } });
      Object.assign(deploy as object, {
        target: {
          ...{ kind: 'webhook', url_env: urlEnv, status_url_env: null, key_env: keyEnv },
          ...{ callback_url_env: callbackEnv, github: null },
        },
        pipeline: { answer_within: 'PT30M', settle_within: 'PT10S', look_every: 'PT0.2S' },
      });
    },
  });
  const { store, model, client, dir } = town;
  const node = await startServingNode({
    ...{ store, models: [model], host: '127.0.0.1', port: 0, node: 'callbacks', pollMs: 500 },
    deployments: { environment: process.env, tell: (workflow, key) => tellDeployed(client, workflow, key) },
    logger: createLogger('test', 'silent'),
    cacheDir: join(dir, 'cache'),
  });
  Object.assign(process.env, { [urlEnv]: pipeline.url, [keyEnv]: SECRET, [callbackEnv]: node.url });
  return {
    ...town,
    pipeline,
    callbacks: node.url,
    async close() {
      await node.close();
      await town.close();
      await pipeline.close();
      for (const variable of [urlEnv, keyEnv, callbackEnv]) delete process.env[variable];
    },
  };
}
