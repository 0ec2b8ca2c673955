/** What orchestration alone costs: a whole run with activities that do nothing, from a trigger at the owner to its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { ownerId } from '../src/client/owner.ts';
import { PRAGMAS } from '../src/local/dev-server.ts';
import { ensurePython } from '../src/local/python.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { startWorkers } from '../src/worker.ts';
import type { RunEnd } from '../src/workflows/contract.ts';
import { type Benchmark, type BenchmarkResult, inTurn } from './contract.ts';
import { startLineProgram } from './setup/line-program.ts';
import { doesNothing, type NoOps, runOf } from './setup/no-op-activities.ts';
import { type BenchWorkspace, MODEL, openWorkspace } from './setup/workspace.ts';

const peerFile = (name: string) => fileURLToPath(new URL(`./peers/dagster/${name}`, import.meta.url));
const WARM_UP = 5;
const REPEATS = 15;

export const benchmark: Benchmark = {
  about: 'a run of eight no-op stages through the owner; peer Dagster 1.13.29, eight no-op ops in one process',
  async run(progress) {
    progress(`Temporal's database: a file, ${PRAGMAS.join(', ')}; the peer's: its own SQLite event log.`);
    const { python } = await ensurePython({ requirements: peerFile('requirements.txt'), onProgress: progress });
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const bench = await openWorkspace({ asOf: '2013-04-01T00:00:00Z', files: '2013-01.parquet', edit() {}, progress });
    const noOps = doesNothing(bench.store);
    const worker = await startWorkers({
      workspace: bench.dir,
      hone: bench.workspace.hone,
      logger: createLogger('bench', 'silent'),
      interceptors: noOps.interceptors,
    });
    const peer = await startLineProgram(python, [peerFile('eight_ops.py')]);
    try {
      const results: BenchmarkResult[] = [];
      for (const [ending, what] of [
        ['promoted', 'eight stages to a promotion'],
        ['rejected_by_gate', 'six stages to a rejection by the gate'],
      ] as const) {
        noOps.endAs(ending);
        const ours = () => wholeRun(bench, noOps, ending);
        for (let i = 0; i < WARM_UP; i++) await Promise.all([await ours(), await peer.once()]);
        noOps.count();
        const result = await inTurn({ metric: '', unit: 'ms', repeats: REPEATS }, { ours, peer: peer.once });
        const activities = noOps.count() / REPEATS;
        results.push({ ...result, metric: `${what}, ${activities} activities in all, against eight ops` });
        results.push({
          ...{ metric: 'the same for each activity, against each op', unit: 'ms', repeats: REPEATS },
          ...{ ours: result.ours / activities, peer: (result.peer ?? 0) / 8 },
          ratio: ((result.peer ?? 0) / 8 / result.ours) * activities,
        });
      }
      return results;
    } finally {
      peer.stop();
      await worker.stop();
      await bench.close();
    }
  },
};

let triggers = 0;

/** Milliseconds from the trigger to the end of the run that it started. */
async function wholeRun({ client }: BenchWorkspace, noOps: NoOps, ending: string): Promise<number> {
  const { workflow } = await client.temporal();
  const owner = workflow.getHandle(ownerId(MODEL));
  const before = await owner.describe().catch(() => undefined);
  const run = workflow.getHandle(runOf(++triggers));
  const begun = noOps.begun();
  const started = performance.now();
  await workflow.signalWithStart('model', {
    ...{ workflowId: ownerId(MODEL), taskQueue: client.taskQueue, args: [{ model: MODEL }] },
    ...{ signal: 'trigger', signalArgs: [{ kind: 'manual', reason: 'a benchmark', by: 'kim' }] },
  });
  await begun;
  const end = (await run.result()) as RunEnd;
  const elapsed = performance.now() - started;
  if (end.outcome !== ending) throw new Error(`the run ended ${end.outcome}: ${end.sentence}`);
  // The owner begins afresh after each run; the next trigger is not to wait for that.
  while ((await owner.describe()).runId === before?.runId) await sleep(20);
  return elapsed;
}
