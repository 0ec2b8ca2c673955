/** Fifty models watched by one worker on one machine: CPU and time of their ticks, and what the worker takes between them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { lookNow } from '../src/client/ticks.ts';
import { startWorker } from '../src/local/up.ts';
import { type Benchmark, type BenchmarkResult, median } from './contract.ts';
import { fillFleet } from './setup/fleet.ts';
import { groupUse } from './setup/process-use.ts';
import { openWorkspace } from './setup/workspace.ts';

const MODELS = Number(process.env['HONE_BENCH_MODELS'] ?? 50);
const FILES_A_DAY = Number(process.env['HONE_BENCH_FILES_A_DAY'] ?? 6);
const REPEATS = 2;
const IDLE_S = 20;
const DAY_S = 86_400;
const AS_OF = '2013-04-20T00:00:00.000Z';

interface Round {
  readonly wall: number;
  readonly worker: number;
  readonly temporal: number;
  readonly memory: number;
}

export const benchmark: Benchmark = {
  about: `${MODELS} models watched by one worker: CPU of a tick, share of a core at one tick a day and an hour, all ticks at once, memory`,
  async run(progress) {
    const models = Array.from({ length: MODELS }, (_, i) => `flights-${String(i + 1).padStart(2, '0')}`);
    progress(`${MODELS} models: configuration`);
    const bench = await openWorkspace({
      ...{ asOf: AS_OF, files: '2013-04.parquet', models, progress },
      edit(file) {
        const { triggers } = file;
        // What is measured is watching: nothing found here asks for a training.
        Object.assign(triggers, {
          volume: { new_mature_labels: 1_000_000 },
          schedule: { ...(triggers['schedule'] as object), enabled: false },
        });
        Object.assign(triggers['calibration'] as object, { mean_prediction_minus_label_rate: 0.9 });
      },
    });
    const group = bench.temporalPid;
    let worker: Awaited<ReturnType<typeof startWorker>> | undefined;
    try {
      progress('logs, labels and deliveries');
      const { rowsADay } = await fillFleet(bench, models, { asOf: AS_OF, days: REPEATS + 1, filesADay: FILES_A_DAY });
      worker = await startWorker(bench.workspace, { tied: true });
      await sleep(3000);
      const [workerBefore, temporalBefore] = [await groupUse(worker.pid), await groupUse(group)];
      progress(`nothing to do for ${IDLE_S} s`);
      await sleep(IDLE_S * 1000);
      const [workerIdle, temporalIdle] = [await groupUse(worker.pid), await groupUse(group)];
      const idle =
        (workerIdle.cpuSeconds - workerBefore.cpuSeconds + temporalIdle.cpuSeconds - temporalBefore.cpuSeconds) /
        IDLE_S;
      const rounds: Round[] = [];
      for (let day = 0; day <= REPEATS; day++) {
        await bench.setTime(new Date(Date.parse(AS_OF) + day * DAY_S * 1000).toISOString());
        const round = await tickAll(bench, models, { worker: worker.pid, temporal: group, id: `day-${day}` });
        progress(
          `${day === 0 ? 'first (reads eight weeks)' : `day ${day}`}: ${round.wall.toFixed(1)} s, worker ${round.worker.toFixed(1)} CPU s, Temporal ${round.temporal.toFixed(1)} CPU s, ${round.memory.toFixed(0)} MB`,
        );
        rounds.push(round);
      }
      progress(`${rowsADay.toFixed(0)} predictions a day and model, ${FILES_A_DAY} files a day`);
      return resultsOf(rounds, idle, {
        workerMb: workerIdle.memoryMb,
        temporalMb: (await groupUse(group)).memoryMb,
      });
    } finally {
      await worker?.stop();
      await bench.close();
    }
  },
};

type Bench = Awaited<ReturnType<typeof openWorkspace>>;

/** All models at once, each in a workflow of its own. */
async function tickAll(
  { client }: Bench,
  models: readonly string[],
  { worker, temporal, id }: { worker: number; temporal: number; id: string },
): Promise<Round> {
  const before = [await groupUse(worker), await groupUse(temporal)];
  const started = performance.now();
  let memory = 0;
  let going = true;
  const watching = (async () => {
    while (going) {
      memory = Math.max(memory, (await groupUse(worker)).memoryMb);
      await sleep(250);
    }
  })();
  const ends = await Promise.all(models.map((model) => lookNow(client, model, id)));
  const wall = (performance.now() - started) / 1000;
  going = false;
  await watching;
  const asked = ends.flatMap(({ triggered }) => triggered);
  if (asked.length > 0)
    throw new Error(`a tick asked for a run, which this benchmark does not want: ${ends[0]?.sentence}`);
  const after = [await groupUse(worker), await groupUse(temporal)];
  const cpu = (i: number) => (after[i]?.cpuSeconds ?? 0) - (before[i]?.cpuSeconds ?? 0);
  return { wall, worker: cpu(0), temporal: cpu(1), memory };
}

function resultsOf(
  rounds: readonly Round[],
  idle: number,
  memory: { workerMb: number; temporalMb: number },
): BenchmarkResult[] {
  const [first, ...later] = rounds;
  if (first === undefined) throw new Error('no round');
  const of = (pick: (round: Round) => number) => median(later.map(pick));
  const tick = of(({ worker, temporal }) => worker + temporal) / MODELS;
  const share = (ticksADay: number) => 100 * (idle + (tick * MODELS * ticksADay) / DAY_S);
  const repeats = later.length;
  return [
    { metric: 'one tick: worker and Temporal', unit: 'CPU s', ours: tick, repeats },
    { metric: 'one tick: Temporal alone', unit: 'CPU s', ours: of(({ temporal }) => temporal) / MODELS, repeats },
    {
      metric: 'first tick of a model, eight weeks to read',
      unit: 'CPU s',
      ours: (first.worker + first.temporal) / MODELS,
      repeats: 1,
    },
    { metric: `nothing to do, ${MODELS} models`, unit: '% of a core', ours: 100 * idle, repeats: 1 },
    { metric: `${MODELS} models, a tick a day`, unit: '% of a core', ours: share(1), repeats },
    { metric: `${MODELS} models, a tick an hour`, unit: '% of a core', ours: share(24), repeats },
    { metric: `all ${MODELS} ticks at once`, unit: 's', ours: of(({ wall }) => wall), repeats },
    { metric: 'worker at rest', unit: 'MB', ours: memory.workerMb, repeats: 1 },
    {
      metric: `worker with ${MODELS} ticks at once`,
      unit: 'MB',
      ours: Math.max(...rounds.map((round) => round.memory)),
      repeats: rounds.length,
    },
    { metric: 'Temporal dev server', unit: 'MB', ours: memory.temporalMb, repeats: 1 },
  ];
}
