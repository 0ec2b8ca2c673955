/** A small town for workflow tests: one workspace, store, worker and prediction server on the shared Temporal server. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { WorkerInterceptors } from '@temporalio/worker';
import { inject } from 'vitest';
import { parse, stringify } from 'yaml';
import { connectLazily, type HoneClient } from '../src/client/connect.ts';
import { sendTrigger } from '../src/client/owner.ts';
import { runStatus } from '../src/client/runs.ts';
import { loadWorkspace, type Workspace } from '../src/config/load.ts';
import { configSnapshot } from '../src/config/snapshot.ts';
import { applyConfig } from '../src/registry/changes.ts';
import { type Ledger, openLedger } from '../src/registry/ledger.ts';
import { startServingNode } from '../src/serving/server.ts';
import { setLogicalClock } from '../src/store/clock.ts';
import { putByDigest } from '../src/store/content.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { openStore } from '../src/store/open-store.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { startWorkers } from '../src/worker.ts';
import type { RunEnd, Trigger, TriggerAnswer } from '../src/workflows/contract.ts';
import type { RunStatus } from '../src/workflows/messages.ts';
import './setup/quiet-runtime.ts';

const root = resolve(import.meta.dirname, '..');
const logger = createLogger('test', process.env['HONE_LOG_LEVEL'] ?? 'silent');

/** Within the time of a test, so that it can say what it waited for; the full suite may share its machine. */
const PATIENCE_MS = process.env['HONE_TEST_FULL'] === '1' ? 300_000 : 90_000;

export interface Town {
  readonly model: string;
  readonly dir: string;
  readonly workspace: Workspace;
  readonly store: ObjectStore;
  readonly client: HoneClient;
  readonly ledger: Ledger;
  readonly serving: { readonly url: string } | null;
  /** Moves the logical clock. */
  setTime(asOf: string): Promise<void>;
  trigger(trigger: Partial<Trigger>): Promise<TriggerAnswer>;
  status(run: string): Promise<RunStatus>;
  /** Polls the run's status until the predicate holds. */
  runUntil(run: string, what: string, holds: (status: RunStatus) => boolean): Promise<RunStatus>;
  end(run: string): Promise<RunEnd>;
  approve(run: string, by?: string): Promise<void>;
  /** Sends real rows to the prediction server until stopped. */
  traffic(): { stop(): Promise<{ answered: number; failed: number }> };
  restartWorker(): Promise<void>;
  close(): Promise<void>;
}

type Edit = (model: Record<string, unknown>) => void;

/** Three weeks are enough for every stage: eight days to train on, three to choose, seven to judge. */
export async function smallTown(
  options: {
    edit?: Edit;
    asOf?: string;
    serving?: boolean;
    worker?: boolean;
    /** Address of the store; a folder of the town by default. */
    store?: string;
    /** `host:port` of another server than the one that all tests share. */
    temporal?: string;
    /** Name of the model; only where the town has a Temporal server of its own. A name of its own by default. */
    model?: string;
    /** Around every activity of the worker in this process. */
    interceptors?: WorkerInterceptors;
  } = {},
): Promise<Town> {
  const model = options.model ?? `flights-${randomBytes(4).toString('hex').replace(/^\d/, 'f')}`;
  const dir = await mkdtemp(join(tmpdir(), 'hone-town-'));
  await writeWorkspace(dir, [model], {
    temporal: options.temporal ?? inject('temporalAddress'),
    store: options.store ?? 'file:store',
    edit: options.edit,
  });
  const workspace = await loadWorkspace(dir);
  const { hone } = workspace;
  const store = openStore(hone.store, dir);
  const client = connectLazily(hone);
  const ledger = openLedger(store, model);
  await setLogicalClock(store, options.asOf ?? '2013-01-25T00:00:00Z');
  const digest = await putByDigest(store, 'configs', configSnapshot(workspace, model));
  await ledger.append({
    effectId: `config/${digest}`,
    as_of: '2013-01-01T00:00:00.000Z',
    actor: 'test',
    trust: 'system',
    why: 'applied',
    step: applyConfig(digest),
  });

  const { interceptors } = options;
  const start = () =>
    startWorkers({
      ...{ workspace: dir, hone, logger, scratchDir: join(dir, 'scratch') },
      ...(interceptors ? { interceptors } : {}),
    });
  let worker = options.worker === false ? null : await start();
  const serving =
    options.serving === false
      ? null
      : await startServingNode({
          store,
          models: [model],
          host: '127.0.0.1',
          port: 0,
          node: `node-${model}`,
          pollMs: 100,
          logger,
          stagedFaults: true,
          cacheDir: join(dir, 'cache'),
        });

  const town: Town = {
    model,
    dir,
    workspace,
    store,
    client,
    ledger,
    serving,
    setTime: (asOf) => setLogicalClock(store, asOf),
    trigger: (trigger) =>
      sendTrigger({ client, store }, model, { kind: 'manual', reason: 'a test', by: 'kim', ...trigger }),
    status: (run) => runStatus(client, run),
    async runUntil(run, what, holds) {
      let last: RunStatus | null = null;
      for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await pause(150)) {
        last = await town.status(run).catch(() => null);
        if (last && holds(last)) return last;
        if (last?.outcome && !holds(last))
          throw new Error(`${run} ended ${last.outcome} before: ${what}. ${last.sentence}`);
      }
      throw new Error(`${run}: not in time: ${what}. Last: ${JSON.stringify(last)}`);
    },
    end: async (run) => (await (await client.temporal()).workflow.getHandle(run).result()) as RunEnd,
    async approve(run, by = 'ana') {
      const { packet } = await town.runUntil(
        run,
        'a packet waits',
        (status) => status.packet !== null && status.waitingFor !== null,
      );
      await (await client.temporal()).workflow
        .getHandle(run)
        .signal('approve', { packet: packet?.slice(0, 8), by, comment: 'looks right' });
    },
    traffic: () => startTraffic(model, serving?.url ?? ''),
    async restartWorker() {
      await worker?.stop();
      worker = await start();
    },
    async close() {
      await serving?.close();
      const temporal = await client.temporal();
      for await (const open of temporal.workflow.list({
        query: `HoneModel = '${model}' AND ExecutionStatus = 'Running'`,
      })) {
        await temporal.workflow.getHandle(open.workflowId).terminate('test over');
      }
      await temporal.workflow
        .getHandle(`model/${model}`)
        .terminate('test over')
        .catch(() => {});
      await worker?.stop();
      await client.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return town;
}

/** A workspace of small models that are alike, on one task queue. */
export async function writeWorkspace(
  dir: string,
  models: readonly string[],
  { temporal, store, edit }: { temporal: string; store: string; edit: Edit | undefined },
): Promise<void> {
  await mkdir(join(dir, 'config', 'models'), { recursive: true });
  const hone = parse(await readFile(join(root, 'config', 'hone.yaml'), 'utf8'));
  hone.store = store;
  hone.clock = 'logical';
  hone.temporal = { ...hone.temporal, address: temporal, task_queue: `queue-${models[0]}` };
  await writeFile(join(dir, 'config', 'hone.yaml'), stringify(hone));
  const defaults = parse(await readFile(join(root, 'config', 'defaults.yaml'), 'utf8'));
  defaults.deploy.shadow = 'off'; // a town has ten minutes for its whole life
  defaults.monitoring.service.p99_ms = 60_000; // nor is a busy machine what its rollouts are judged by
  await writeFile(join(dir, 'config', 'defaults.yaml'), stringify(defaults));
  const example = await readFile(join(root, 'config', 'models', 'flights-delay.yaml'), 'utf8');
  for (const model of models)
    await writeFile(join(dir, 'config', 'models', `${model}.yaml`), smallModel(model, example, edit));
}

function smallModel(model: string, example: string, edit: Edit | undefined): string {
  const file = parse(example);
  file.model = model;
  file.data.source.path = join(root, 'examples/flights_nyc_2013/events/2013-0[1-3].parquet');
  file.training.split = { validation: 'P3D', holdout: 'P7D', gap: 'PT24H' };
  file.training.params.n_estimators = 15;
  file.gate.uncertainty.resamples = 200;
  file.gate.floors = { roc_auc: 0.5 };
  file.approval.auto = 'never';
  file.deploy.canary = { steps: [25, 100], bake: 'PT1S', min_requests: 20, max_wait: 'PT1M' };
  file.monitoring = { ...file.monitoring, service: { p99_ms: 30_000 } }; // of a machine with other tests on it
  file.triggers.merge_window = 'PT0.2S';
  file.triggers.limits.per_day = 20; // a town lives its whole life within a day or two
  edit?.(file);
  return stringify(file);
}

function startTraffic(model: string, url: string): ReturnType<Town['traffic']> {
  let going = true;
  const counts = { answered: 0, failed: 0 };
  const sent = (async () => {
    for (let id = 1; going; id++) {
      const rows = [{ ...exampleRow, flight_id: id, tail_number: `N${id % 500}` }];
      const response = await fetch(`${url}/v1/models/${model}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ rows }),
      });
      counts[response.ok ? 'answered' : 'failed']++;
      await response.arrayBuffer();
      await pause(20); // a canary has its rows within seconds, and the processors stay free for the rest
    }
  })();
  sent.catch(() => undefined); // told by `stop`; a test that failed before it asks has said enough
  return {
    async stop() {
      going = false;
      await sent;
      return counts;
    },
  };
}

/** A flight as the prediction API takes it, without its id and its plane. */
export const exampleRow = {
  event_ts: '2013-01-26T15:00:00Z',
  carrier: 'UA',
  origin: 'EWR',
  dest: 'IAH',
  distance_miles: 1400,
  sched_dep_minute: 600,
  sched_duration_min: 227,
  day_of_week: 6,
  plane_year: 1999,
  plane_seats: 149,
  temp_f: 39.0,
  dew_point_f: 28.0,
  humidity_pct: 64.4,
  wind_speed_mph: 12.6,
  wind_gust_mph: null,
  precip_in: 0,
  pressure_mb: 1012,
  visibility_mi: 10,
};

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
