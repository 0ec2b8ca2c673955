/** 2,000 requests of one row a second, whether or not they are answered: p99 against FastAPI with onnxruntime, and with logging on. */
import { type Benchmark, type BenchmarkResult, median } from './contract.ts';
import { load } from './setup/load.ts';
import { job, openServingBench, PEER_PATH, predictPath } from './setup/serving-bench.ts';

const PER_SECOND = Number(process.env['HONE_BENCH_RATE'] ?? 2000);
const REPEATS = Number(process.env['HONE_BENCH_REPEATS'] ?? 5);
const SECONDS = Number(process.env['HONE_BENCH_SECONDS'] ?? 5);
const VARIANTS = { plain: { wide: 'columns', logs: false }, logged: { wide: 'columns', logs: true } } as const;
/** Places of `latency` in what a load measures. */
const SHARES = { p50: 0, p99: 2, 'p99.9': 3 } as const;

export const benchmark: Benchmark = {
  about: `${PER_SECOND} requests/s of one row, 25 features, latency from when a request was due: p99; peer FastAPI + onnxruntime, pinned, aim 3 times lower`,
  async run(progress) {
    const bench = await openServingBench(VARIANTS, progress);
    const [ours, peer] = [await bench.start(Object.keys(VARIANTS)), await bench.startPeer()];
    try {
      const targets = {
        plain: { url: ours.url, path: predictPath('plain') },
        logged: { url: ours.url, path: predictPath('logged') },
        peer: { url: peer.url, path: PEER_PATH },
      };
      type Name = keyof typeof targets;
      const names = Object.keys(targets) as Name[];
      const turns: Record<Name, number[][]> = { plain: [], logged: [], peer: [] };
      for (let i = -1; i < REPEATS; i++) {
        for (const name of i % 2 === 0 ? names : names.toReversed()) {
          const { failed, latency } = await load(
            job({ ...targets[name], rows: bench.rows, perSecond: PER_SECOND, seconds: i < 0 ? 3 : SECONDS }),
          );
          if (failed > 0) throw new Error(`${failed} requests of ${name} were not answered`);
          progress(
            `${i < 0 ? 'warming up, ' : ''}${name}: p50, p90, p99, p99.9, most ${latency.map((ms) => ms.toFixed(2)).join(', ')} ms`,
          );
          if (i >= 0) turns[name].push([...latency]);
        }
      }
      const at = (name: Name, share: keyof typeof SHARES) =>
        median(turns[name].map((latency) => latency[SHARES[share]] ?? Number.NaN));
      const versus = (metric: string, share: keyof typeof SHARES, name: Name, other: Name): BenchmarkResult => {
        const [mine, theirs] = [at(name, share), at(other, share)];
        return {
          metric: `${metric}: ${share}`,
          unit: 'ms',
          ours: mine,
          peer: theirs,
          ratio: theirs / mine,
          repeats: REPEATS,
        };
      };
      return [
        versus('neither logs; peer: FastAPI', 'p99', 'plain', 'peer'),
        versus('the same', 'p99.9', 'plain', 'peer'),
        versus('the same', 'p50', 'plain', 'peer'),
        versus('with logging on; peer: hone without', 'p99', 'logged', 'plain'),
        versus('with logging on; peer: FastAPI without', 'p99', 'logged', 'peer'),
      ];
    } finally {
      await Promise.all([ours.stop(), peer.stop()]);
      await bench.close();
    }
  },
};
