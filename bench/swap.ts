/** 1,000 requests of one row a second while another version takes over, and while a canary in a process of its own answers half. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Benchmark, type BenchmarkResult, median } from './contract.ts';
import { load, type Measured } from './setup/load.ts';
import { promote, type Registered, register, routeCanary } from './setup/registered-model.ts';
import type { ServerProcess } from './setup/server-process.ts';
import { job, openServingBench, predictPath, type ServingBench } from './setup/serving-bench.ts';

const PER_SECOND = 1000;
const SECONDS = 6;
/** Swaps, one after the other; each prepares, checks and takes up a version that this server never saw. */
const SWAPS = Number(process.env['HONE_BENCH_REPEATS'] ?? 5);
const SHARE = 50;
const MODEL = 'plain';
/** Within this time after a request left the newest version must answer. */
const FOLLOWED_WITHIN_MS = 30_000;

interface Phase extends Measured {
  /** Milliseconds of CPU a request, of the server with its children. */
  readonly cpu: number;
}

export const benchmark: Benchmark = {
  about: `${PER_SECOND} requests/s of one row while versions are swapped: failed requests (none may), p99; and what a canary in its own process costs`,
  async run(progress) {
    const bench = await openServingBench({ [MODEL]: { wide: 'columns', logs: true } }, progress);
    const server = await bench.start([MODEL]);
    try {
      const registered = bench.models.get(MODEL);
      if (!registered) throw new Error(`${MODEL} is not registered`);
      await phase(bench, server);
      const [steady, swapping, canary]: [Phase[], Phase[], Phase[]] = [[], [], []];
      const tell = (what: string, { failed, cpu, latency }: Phase) =>
        progress(
          `${what}: ${failed} failed, p99 ${latency[2]?.toFixed(2)} ms, most ${latency[4]?.toFixed(2)} ms, ${cpu.toFixed(3)} ms of CPU a request`,
        );
      for (let i = 0; i < SWAPS; i++) {
        steady.push(await phase(bench, server));
        tell('steady', steady.at(-1) as Phase);
        swapping.push(await phase(bench, server, () => swap(bench, server, registered, i + 2)));
        tell('swapping', swapping.at(-1) as Phase);
      }
      const candidate = SWAPS + 2;
      await register(bench.store, registered, candidate);
      await routeCanary(bench.store, registered, { version: candidate, share: SHARE, leaseMs: 600_000 });
      await until(server, ({ loaded }) => loaded.includes(candidate));
      for (let i = 0; i < SWAPS; i++) {
        canary.push(await phase(bench, server));
        tell('canary', canary.at(-1) as Phase);
      }
      return results(steady, swapping, canary);
    } finally {
      await server.stop();
      await bench.close();
    }
  },
};

async function phase({ rows }: ServingBench, server: ServerProcess, meanwhile?: () => Promise<void>): Promise<Phase> {
  const before = await server.use();
  const sending = load(
    job({ url: server.url, path: predictPath(MODEL), rows, perSecond: PER_SECOND, seconds: SECONDS }),
  );
  await sleep(1500); // the generator starts
  await meanwhile?.();
  const measured = await sending;
  const cpu = (await server.use()).cpuSeconds - before.cpuSeconds;
  return { ...measured, cpu: (cpu * 1000) / measured.answered };
}

async function swap(
  { store }: ServingBench,
  server: ServerProcess,
  registered: Registered,
  version: number,
): Promise<void> {
  await register(store, registered, version);
  await promote(store, registered, version);
  await until(server, ({ champion }) => champion === version);
}

type Served = { readonly champion: number | null; readonly loaded: readonly number[] };

async function until(server: ServerProcess, holds: (served: Served) => boolean): Promise<void> {
  for (const deadline = Date.now() + FOLLOWED_WITHIN_MS; Date.now() < deadline; await sleep(50)) {
    const record = (await (await fetch(`${server.url}/v1/node`)).json()) as { models: Record<string, Served> };
    const served = record.models[MODEL];
    if (served && holds(served)) return;
  }
  throw new Error('the server did not follow in time');
}

function results(steady: readonly Phase[], swapping: readonly Phase[], canary: readonly Phase[]): BenchmarkResult[] {
  const sum = (phases: readonly Phase[]) => phases.reduce((total, { failed }) => total + failed, 0);
  const p99 = (phases: readonly Phase[]) => median(phases.map(({ latency }) => latency[2] ?? Number.NaN));
  const cpu = (phases: readonly Phase[]) => median(phases.map((one) => one.cpu));
  const versus = (metric: string, unit: string, ours: number, peer: number): BenchmarkResult => ({
    ...{ metric, unit, ours, peer, ratio: peer / ours, repeats: SWAPS },
  });
  return [
    { metric: 'requests that failed during swaps', unit: 'requests', ours: sum(swapping), limit: 0, repeats: SWAPS },
    versus(
      `p99 of the ${SECONDS} s in which a version is swapped; peer: without a swap`,
      'ms',
      p99(swapping),
      p99(steady),
    ),
    versus(`a canary answers ${SHARE} % from its own process: p99; peer: without`, 'ms', p99(canary), p99(steady)),
    versus('the same', 'CPU ms a request', cpu(canary), cpu(steady)),
    { metric: 'requests that failed beside a canary', unit: 'requests', ours: sum(canary), limit: 0, repeats: SWAPS },
  ];
}
