/** A whole real run on flights, from trigger to promotion: time by stage, and what hone costs beside its trainer. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendTrigger } from '../src/client/owner.ts';
import { runStatus } from '../src/client/runs.ts';
import { startServing, startWorker } from '../src/local/up.ts';
import type { RunEnd } from '../src/workflows/contract.ts';
import { type Benchmark, type BenchmarkResult, median } from './contract.ts';
import { type ActivityTimes, activitiesOf } from './setup/activity-times.ts';
import { sendTraffic } from './setup/traffic.ts';
import { trainerAlone } from './setup/trainer-alone.ts';
import { type BenchWorkspace, MODEL, openWorkspace } from './setup/workspace.ts';

/** The first makes the first champion and is not counted; the others come every two weeks, each with more rows. */
const TIMES = ['05-01', '05-15', '05-29', '06-12', '06-26', '07-10'].map((day) => `2013-${day}T00:00:00.000Z`);

const STAGES: Readonly<Record<string, readonly string[]>> = {
  ingest: ['ingest'],
  validate: ['validate'],
  features: ['features', 'refitFeatures'],
  'train and refit': ['train', 'refit'],
  'register and compare the refit': ['register', 'checkTwin'],
  evaluate: ['evaluate'],
  gate: ['gate'],
  approve: ['packet', 'recordDecision'],
  'deploy, without bake times': ['checkRollout', 'prepareRollout', 'routeShare', 'promoteVersion'],
  'monitor and end': ['startProbation', 'closeRun', 'reportRunFinished'],
};

interface Measured {
  /** Milliseconds from trigger to end, without a person's and bake times. */
  readonly total: number;
  readonly stages: Readonly<Record<string, number>>;
  /** What is neither an activity nor a wait: queues, workflow tasks, the owner with its merge window of 0.1 s. */
  readonly between: number;
  /** The program alone on the same two jobs. */
  readonly trainer: number;
}

export const benchmark: Benchmark = {
  about: 'a real run on flights (122,000 to 174,000 rows): time by stage, the share of hone beside the trainer',
  async run(progress) {
    const bench = await openWorkspace({
      ...{ asOf: TIMES[0] ?? '', files: '*.parquet', progress },
      edit({ gate, approval, deploy, triggers }) {
        // What is measured is a promotion: every candidate passes, nobody thinks for long, bake times are short.
        gate['champion'] = { promote_when: 'non_inferior', margin: { roc_auc: 0.4, log_loss: 0.4 } };
        gate['floors'] = { roc_auc: 0.5 };
        gate['slices'] = { columns: ['origin', 'carrier'], margin: { roc_auc: 0.4 } };
        approval['auto'] = 'never';
        deploy['canary'] = { steps: [10, 50, 100], bake: 'PT0.5S', min_requests: 50, max_wait: 'PT2M' };
        triggers['merge_window'] = 'PT0.1S';
      },
    });
    const worker = await startWorker(bench.workspace, { tied: true });
    const serving = await startServing(bench.workspace, { tied: true });
    try {
      const measured: Measured[] = [];
      for (const asOf of TIMES) {
        await bench.setTime(asOf);
        await sleep(1500); // the probation of the version before looks and ends
        const one = await measure(bench, serving.url);
        progress(
          `${asOf.slice(0, 10)}: ${(one.total / 1000).toFixed(1)} s, trainer ${(one.trainer / 1000).toFixed(1)} s`,
        );
        if (asOf !== TIMES[0]) measured.push(one);
      }
      return resultsOf(measured);
    } finally {
      await Promise.all([worker.stop(), serving.stop()]);
      await bench.close();
    }
  },
};

async function measure(bench: BenchWorkspace, serving: string): Promise<Measured> {
  const { workflow } = await bench.client.temporal();
  const started = performance.now();
  const { run } = await sendTrigger(bench, MODEL, { kind: 'manual', reason: 'a benchmark', by: 'kim' });
  const handle = workflow.getHandle(run ?? '');
  const packet = await onceAsked(bench, run ?? '');
  // Read now: a run that has ended leaves no working folder behind.
  const job = (part: string) => join(bench.dir, '.hone', 'scratch', run ?? '', part, 'attempt-1', 'job.json');
  const jobs = await Promise.all(['train', 'refit'].map((part) => readFile(job(part), 'utf8')));
  const traffic = sendTraffic(serving);
  await handle.signal('approve', { packet: packet.slice(0, 8), by: 'ana', comment: 'a benchmark' });
  const end = (await handle.result().finally(() => traffic.stop())) as RunEnd;
  const wall = performance.now() - started;
  if (end.outcome !== 'promoted') throw new Error(`${run} ended ${end.outcome}: ${end.sentence}`);

  const activities = activitiesOf(await handle.fetchHistory());
  const spent = (names: readonly string[]) => sum(activities.filter(({ name }) => names.includes(name)));
  const at = (name: string) => activities.find((one) => one.name === name);
  const person = (at('recordDecision')?.scheduled ?? 0) - (at('packet')?.ended ?? 0);
  return {
    total: wall - person - spent(['watchRollout']),
    stages: Object.fromEntries(Object.entries(STAGES).map(([stage, names]) => [stage, spent(names)])),
    between: wall - person - sum(activities),
    trainer: await trainerAlone(jobs),
  };
}

/** The packet that a person is asked about. */
async function onceAsked({ client }: BenchWorkspace, run: string): Promise<string> {
  for (;;) {
    const status = await runStatus(client, run);
    if (status.packet && status.waitingFor) return status.packet;
    if (status.outcome || status.waitingFor) throw new Error(`${run} asks nobody: ${status.sentence}`);
    await sleep(1000); // each look is a query that the worker answers
  }
}

function sum(activities: readonly ActivityTimes[]): number {
  return activities.reduce((total, { started, ended }) => total + ended - started, 0);
}

function resultsOf(measured: readonly Measured[]): BenchmarkResult[] {
  const middle = (of: (one: Measured) => number) => median(measured.map(of));
  const repeats = measured.length;
  const total = middle((one) => one.total);
  const between = middle((one) => one.between);
  const seconds = (metric: string, of: (one: Measured) => number): BenchmarkResult => ({
    ...{ metric, unit: 's', ours: middle(of) / 1000, repeats },
  });
  return [
    {
      ...seconds('whole run, without a person and bake times', (one) => one.total),
      peer: middle((one) => one.trainer) / 1000,
    },
    seconds('of it hone, beside the trainer program', (one) => one.total - one.trainer),
    {
      ...{ metric: 'of it between activities', unit: 'ms', ours: between, limit: total / 10 },
      ratio: total / 10 / between,
      repeats,
    },
    ...Object.keys(STAGES).map((stage) => seconds(`stage ${stage}`, (one) => one.stages[stage] ?? 0)),
  ];
}
