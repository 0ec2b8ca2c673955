/** One store with a tiny champion, rows for two nights, and a worker of its own. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectLazily, type HoneClient } from '../../src/client/connect.ts';
import type { HoneConfig } from '../../src/config/hone.ts';
import { loadWorkspace } from '../../src/config/load.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import * as changes from '../../src/registry/changes.ts';
import { readVersion } from '../../src/registry/versions.ts';
import { setLogicalClock } from '../../src/store/clock.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { startWorkers } from '../../src/worker.ts';
import { ROOT } from '../config/workspace.ts';
import { openServed, row, type Served } from '../serving/served.ts';
import '../setup/quiet-runtime.ts';

export interface BatchTown {
  readonly served: Served;
  readonly client: HoneClient;
  /** As applied: a batch each night at 22:00, of the rows of the two days after it. */
  readonly config: ModelConfig;
  close(): Promise<void>;
}

export const NIGHT = '2013-04-10T00:00:00.000Z';

/** @param temporal `host:port` @param more settings of `config/hone.yaml` */
export async function batchTown(temporal: string, more: Partial<HoneConfig> = {}): Promise<BatchTown> {
  let config: ModelConfig | undefined;
  const served = await openServed((edited) => {
    const source = { type: 'jsonl', path: 'tonight.jsonl' } as const;
    edited.deploy.batch = { cron: '0 22 * * *', timezone: 'UTC', source, lookback: 'PT0S', horizon: 'P2D' };
    config = edited;
  });
  const { hone } = await loadWorkspace(ROOT);
  const own = {
    ...hone,
    store: `file:${join(served.dir, 'store')}`,
    temporal: { ...hone.temporal, address: temporal, task_queue: `batch-${randomBytes(4).toString('hex')}` },
    clock: 'logical' as const,
    ...more,
  };
  const rows = Array.from({ length: 400 }, (_, i) =>
    row(i + 1, { event_ts: `2013-04-${i % 2 === 0 ? '10' : '11'}T12:00:00Z`, sched_dep_minute: i }),
  );
  await writeFile(join(served.dir, 'tonight.jsonl'), rows.map((one) => JSON.stringify(one)).join('\n'));
  await setLogicalClock(served.store, NIGHT);
  await served.register(1);
  const { config: digest } = await readVersion(served.store, 'flights-delay', 1);
  await served.change('apply', changes.applyConfig(digest));
  const logger = createLogger('test', process.env['HONE_LOG_LEVEL'] ?? 'silent');
  const worker = await startWorkers({
    workspace: served.dir,
    hone: own,
    logger,
    scratchDir: join(served.dir, 'scratch'),
  });
  const client = connectLazily(own);
  if (config === undefined) throw new Error('the configuration was not edited');
  return {
    served,
    client,
    config,
    async close() {
      await worker.stop();
      await client.close();
      await served.close();
    },
  };
}
