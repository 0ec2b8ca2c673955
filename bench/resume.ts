/** From a new worker being up, after its predecessor died by SIGKILL, to the run going on by itself. */
import { readFile } from 'node:fs/promises';
import { sendTrigger } from '../src/client/owner.ts';
import { runStatus } from '../src/client/runs.ts';
import { logFileOf } from '../src/local/log-file.ts';
import { startWorker } from '../src/local/up.ts';
import { type Benchmark, median } from './contract.ts';
import { activitiesOf } from './setup/activity-times.ts';
import { type BenchWorkspace, MODEL, openWorkspace } from './setup/workspace.ts';

const REPEATS = 5;
const LIMIT_WAITING_MS = 1000;
/** `heartbeatTimeout` of src/workflows/steps.ts, and a second. */
const LIMIT_ACTIVITY_MS = 11_000;

export const benchmark: Benchmark = {
  about: 'SIGKILL of the worker: until the run goes on once a new one is up; limits 1 s waiting, 11 s in training',
  async run(progress) {
    const bench = await openWorkspace({
      asOf: '2013-01-25T00:00:00Z',
      files: '2013-01.parquet',
      progress,
      edit({ training, gate, approval, triggers }) {
        training['split'] = { validation: 'P3D', holdout: 'P7D', gap: 'PT24H' };
        training['params'] = { n_estimators: 400 };
        training['refit'] = 'none';
        gate['floors'] = { roc_auc: 0.5 };
        approval['auto'] = 'never';
        triggers['merge_window'] = 'PT0.2S';
      },
    });
    const start = () => startWorker(bench.workspace, { tied: true });
    let worker = await start();
    const replaceWorker = async () => {
      process.kill(-worker.pid, 'SIGKILL');
      await worker.stop(); // waits until it is gone
      worker = await start();
      return await upSince(bench);
    };
    const [waiting, training]: [number[], number[]] = [[], []];
    try {
      for (let i = 1; i <= REPEATS; i++) {
        const run = await startRun(bench);
        await inTraining(bench, run);
        const upInTraining = await replaceWorker();
        const packet = await packetOf(bench, run);
        const upWaiting = await replaceWorker();
        await reject(bench, run, packet);
        const { trainedFrom, decidedAt } = await times(bench, run);
        training.push(trainedFrom - upInTraining);
        waiting.push(decidedAt - upWaiting);
        progress(`${i} of ${REPEATS}: waiting ${waiting.at(-1)} ms, training ${training.at(-1)} ms`);
      }
    } finally {
      await worker.stop();
      await bench.close();
    }
    return [
      result('a run that waits for an approval, until it acts on it', waiting, LIMIT_WAITING_MS),
      result('a run in training, until it trains again', training, LIMIT_ACTIVITY_MS),
    ];
  },
};

function result(metric: string, measured: readonly number[], limit: number) {
  // A worker may take up work a moment before it says that it is up: that is at once.
  const ours = Math.max(1, median(measured));
  return { metric, unit: 'ms', ours, limit, ratio: limit / ours, repeats: measured.length };
}

async function startRun(bench: BenchWorkspace): Promise<string> {
  const { run, reason } = await sendTrigger(bench, MODEL, { kind: 'manual', reason: 'a benchmark', by: 'kim' });
  if (run === null) throw new Error(`no run was started: ${reason}`);
  return run;
}

/** Training has beaten at least once. */
async function inTraining({ client }: BenchWorkspace, run: string): Promise<void> {
  const handle = (await client.temporal()).workflow.getHandle(run);
  await within(60_000, `${run} trains`, async () => {
    const { pendingActivities } = (await handle.describe()).raw;
    return pendingActivities?.find((one) => one.activityType?.name === 'train')?.lastHeartbeatTime ?? undefined;
  });
}

async function packetOf({ client }: BenchWorkspace, run: string): Promise<string> {
  return await within(90_000, `${run} waits for an approval`, async () => {
    const status = await runStatus(client, run).catch(() => undefined);
    return status?.waitingFor ? (status.packet ?? undefined) : undefined;
  });
}

/** A rejection: a signal, so that only the run's own worker can act on it. */
async function reject({ client }: BenchWorkspace, run: string, packet: string): Promise<void> {
  const handle = (await client.temporal()).workflow.getHandle(run);
  await handle.signal('reject', { packet: packet.slice(0, 8), by: 'ana', comment: 'a benchmark' });
  await handle.result();
}

/** When the last attempt to train began, and when the decision was acted on; milliseconds since the epoch. */
async function times({ client }: BenchWorkspace, run: string): Promise<{ trainedFrom: number; decidedAt: number }> {
  const activities = activitiesOf(await (await client.temporal()).workflow.getHandle(run).fetchHistory());
  const train = activities.find(({ name }) => name === 'train');
  const decision = activities.find(({ name }) => name === 'recordDecision');
  if (train === undefined || decision === undefined) throw new Error(`${run} did not train or was not decided`);
  if (train.attempt < 2) throw new Error(`${run} trained in one attempt: the worker was killed too late`);
  return { trainedFrom: train.started, decidedAt: decision.scheduled };
}

/** When the newest worker said that it is up; milliseconds since the epoch. */
async function upSince({ dir }: BenchWorkspace): Promise<number> {
  const log = await readFile(logFileOf(dir, 'worker'), 'utf8');
  const line = log.split('\n').findLast((each) => each.includes('"worker is up"')) ?? '{}';
  return (JSON.parse(line) as { time: number }).time;
}

async function within<T>(ms: number, what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + ms; Date.now() < deadline; await pause(50)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`not within ${ms / 1000} s: ${what}`);
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
