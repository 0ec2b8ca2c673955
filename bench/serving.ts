/** One row a request, 25 features, 32 connections: CPU by request against FastAPI with onnxruntime and against Fastify alone. */
import { type Benchmark, type BenchmarkResult, median } from './contract.ts';
import { load } from './setup/load.ts';
import type { ServerProcess } from './setup/server-process.ts';
import { job, openServingBench, PEER_PATH, predictPath, type ServingBench } from './setup/serving-bench.ts';

const REPEATS = Number(process.env['HONE_BENCH_REPEATS'] ?? 5);
const SECONDS = Number(process.env['HONE_BENCH_SECONDS'] ?? 4);
const LIMITS = { readySeconds: 1, memoryMb: 150 };
const VARIANTS = {
  plain: { wide: 'columns', logs: false },
  logged: { wide: 'columns', logs: true },
  sql: { wide: 'expressions', logs: false },
} as const;

interface Turn {
  /** Milliseconds of CPU a request, of the server with its children. */
  readonly cpu: number;
  readonly perSecond: number;
}

export const benchmark: Benchmark = {
  about:
    'one row a request, 25 features, 32 connections, validation on: CPU a request; peers FastAPI + onnxruntime, pinned, and Fastify doing nothing',
  async run(progress) {
    const bench = await openServingBench(VARIANTS, progress);
    try {
      const alone = await startOften(bench, progress);
      const [ours, peer, noOp] = [
        await bench.start(Object.keys(VARIANTS)),
        await bench.startPeer(),
        await bench.startNoOp(),
      ];
      try {
        const contestants = {
          peer: () => turn(bench, peer, PEER_PATH),
          noOp: () => turn(bench, noOp, predictPath('plain')),
          plain: () => turn(bench, ours, predictPath('plain')),
          logged: () => turn(bench, ours, predictPath('logged')),
          sql: () => turn(bench, ours, predictPath('sql')),
        };
        return [...results(await inTurns(contestants, progress)), ...alone];
      } finally {
        await Promise.all([ours.stop(), peer.stop(), noOp.stop()]);
      }
    } finally {
      await bench.close();
    }
  },
};

type Turns<Name extends string> = Readonly<Record<Name, readonly Turn[]>>;

/** One unmeasured turn each, so that nobody is measured while compiling. */
async function inTurns<Name extends string>(
  contestants: Readonly<Record<Name, () => Promise<Turn>>>,
  progress: (sentence: string) => void,
): Promise<Turns<Name>> {
  const names = Object.keys(contestants) as Name[];
  for (const name of names) await contestants[name]();
  const turns = Object.fromEntries(names.map((name) => [name, [] as Turn[]])) as Record<Name, Turn[]>;
  for (let i = 0; i < REPEATS; i++) {
    for (const name of i % 2 === 0 ? names : names.toReversed()) {
      const one = await contestants[name]();
      turns[name].push(one);
      progress(`${name}: ${one.cpu.toFixed(4)} ms of CPU a request, ${one.perSecond.toFixed(0)} requests/s`);
    }
  }
  return turns;
}

async function turn({ rows }: ServingBench, server: ServerProcess, path: string): Promise<Turn> {
  const before = await server.use();
  const { answered, failed, seconds } = await load(
    job({ url: server.url, path, rows, perSecond: null, seconds: SECONDS }),
  );
  if (failed > 0) throw new Error(`${failed} requests to ${path} were not answered`);
  if (path.includes('logged')) await fetch(`${server.url}/v1/flush`, { method: 'POST' });
  const cpu = (await server.use()).cpuSeconds - before.cpuSeconds;
  return { cpu: (cpu * 1000) / answered, perSecond: answered / seconds };
}

function results(turns: Turns<'peer' | 'noOp' | 'plain' | 'logged' | 'sql'>): BenchmarkResult[] {
  const cpu = (name: keyof typeof turns) => median(turns[name].map((one) => one.cpu));
  const rate = (name: keyof typeof turns) => median(turns[name].map((one) => one.perSecond));
  const versus = (metric: string, name: keyof typeof turns, other: keyof typeof turns): BenchmarkResult => {
    const [ours, peer] = [cpu(name), cpu(other)];
    return { metric, unit: 'CPU ms a request', ours, peer, ratio: peer / ours, repeats: REPEATS };
  };
  return [
    versus('one row, neither logs; peer: FastAPI', 'plain', 'peer'),
    versus('the same; peer: Fastify that does nothing', 'plain', 'noOp'),
    versus('with logging on; peer: FastAPI without', 'logged', 'peer'),
    versus('with logging on; peer: hone without', 'logged', 'plain'),
    versus('with two features in SQL; peer: hone without', 'sql', 'plain'),
    {
      ...{ metric: 'answered, 32 connections; peer: FastAPI; higher is better', unit: 'requests/s', repeats: REPEATS },
      ...{ ours: rate('plain'), peer: rate('peer'), ratio: rate('plain') / rate('peer') },
    },
    { metric: 'answered with logging on', unit: 'requests/s', ours: rate('logged'), repeats: REPEATS },
  ];
}

/** From the start of the process to readiness with one model, and its memory then. The first start fills the cache. */
async function startOften(bench: ServingBench, progress: (sentence: string) => void): Promise<BenchmarkResult[]> {
  const seconds: number[] = [];
  const memory: number[] = [];
  for (let i = 0; i <= REPEATS; i++) {
    const server = await bench.start(['plain']);
    if (i > 0) seconds.push(server.readySeconds);
    const { memoryMb } = await server.use();
    if (i > 0) memory.push(memoryMb);
    progress(`ready after ${server.readySeconds.toFixed(2)} s, ${memoryMb.toFixed(0)} MB`);
    await server.stop();
  }
  const limited = (metric: string, unit: string, ours: number, limit: number) => {
    return { metric, unit, ours, limit, ratio: limit / ours, repeats: REPEATS };
  };
  return [
    limited('ready with one model', 's', median(seconds), LIMITS.readySeconds),
    limited('memory with one model, ready', 'MB', median(memory), LIMITS.memoryMb),
  ];
}
