/** Features at serving: one row and batches, against every feature in the engine with a statement a request; their share of a prediction. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FeatureDefinition } from '../src/data/features/definition.ts';
import { OnlineFeatures } from '../src/data/features/online.ts';
import { type Benchmark, type BenchmarkResult, inTurn, median } from './contract.ts';
import { flightsModel, type RawFlight } from './setup/flights-model.ts';
import { compareLookups } from './setup/lookup-ways.ts';

const REPEATS = 7;
const ROWS = 2000;

export const benchmark: Benchmark = {
  about:
    'features of requests (flights: 15 bare columns, 2 expressions); peer: all 17 in the engine, one statement a request; share of a prediction',
  async run(progress) {
    const dir = await mkdtemp(join(tmpdir(), 'hone-bench-'));
    try {
      const { definition, types, rows, loaded } = await flightsModel(dir, progress);
      const bare = { ...definition, ...only(definition, (expr) => expr.startsWith('"')) };
      const ours = await OnlineFeatures.open(definition, types);
      const oursBare = await OnlineFeatures.open(bare, types);
      const peer = await OnlineFeatures.open(wrapped(definition), types);
      const peerBare = await OnlineFeatures.open(wrapped(bare), types);
      for (const each of [ours, oursBare, peer, peerBare]) await cpuPerRow(each, rows, 1); // compiled and warm
      progress('measuring');
      const unit = 'CPU µs';
      const asked = { unit, repeats: REPEATS };
      const single = () => cpuPerRow(peer, rows, 1);
      const results: BenchmarkResult[] = [
        await inTurn(
          { metric: 'one row, 2 of 17 features are expressions', ...asked },
          {
            ours: () => cpuPerRow(ours, rows, 1),
            peer: single,
          },
        ),
        await inTurn(
          { metric: 'one row, bare columns only', ...asked },
          {
            ours: () => cpuPerRow(oursBare, rows, 1),
            peer: () => cpuPerRow(peerBare, rows, 1),
          },
        ),
        await inTurn(
          { metric: 'a row of 32 that are gathered', ...asked },
          {
            ours: () => cpuPerRow(ours, rows, 32),
            peer: single,
          },
        ),
        await inTurn(
          { metric: 'a row of 1,000 that are gathered', ...asked },
          {
            ours: () => cpuPerRow(ours, rows, 1000),
            peer: single,
          },
        ),
        ...(await latency(ours, peer, rows, '2 of 17 are expressions')),
        ...(await latency(oursBare, peerBare, rows, 'bare columns only')),
        await compareLookups(dir, REPEATS),
      ];
      progress('features and model together');
      for (const size of [1, 32]) {
        const shares: number[] = [];
        for (let i = 0; i < REPEATS; i++) {
          const whole = await cpuPerRow({ compute: (some) => loaded.score(some as RawFlight[]) }, rows, size);
          shares.push((100 * (await cpuPerRow(ours, rows, size))) / whole);
        }
        const metric = `share of features in features + model (LightGBM, 80 trees), ${size} ${size === 1 ? 'row' : 'rows'} a call`;
        results.push({ metric, unit: '% of CPU', ours: median(shares), repeats: REPEATS });
      }
      await Promise.all([ours, oursBare, peer, peerBare].map((each) => each.close()));
      await loaded.release();
      return results;
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
};

type Computing = { readonly compute: (rows: readonly Record<string, unknown>[]) => Promise<unknown> };

/** Microseconds of all threads, in calls of `size` rows, one after the other. */
async function cpuPerRow(features: Computing, rows: readonly RawFlight[], size: number): Promise<number> {
  const used = process.cpuUsage();
  let done = 0;
  for (; done < ROWS; done += size) await features.compute(rows.slice(done, done + size));
  const { user, system } = process.cpuUsage(used);
  return (user + system) / done;
}

async function latency(ours: Computing, peer: Computing, rows: readonly RawFlight[], what: string) {
  const [mine, theirs] = [await waits(ours, rows), await waits(peer, rows)];
  return (
    [
      [50, 0.5],
      [99, 0.99],
    ] as const
  ).map(([name, share]): BenchmarkResult => {
    const at = (sorted: Float64Array) => sorted[Math.floor(share * sorted.length)] ?? Number.NaN;
    const [own, other] = [at(mine), at(theirs)];
    return {
      metric: `one row p${name}, ${what}`,
      unit: 'ms',
      ours: own,
      peer: other,
      ratio: other / own,
      repeats: rows.length,
    };
  });
}

/** Milliseconds that each row waits, ascending. */
async function waits(features: Computing, rows: readonly RawFlight[]): Promise<Float64Array> {
  const times = new Float64Array(rows.length);
  for (const [i, row] of rows.entries()) {
    const start = performance.now();
    await features.compute([row]);
    times[i] = performance.now() - start;
  }
  return times.sort();
}

/** In brackets a column is an expression, which the engine evaluates. */
function wrapped(definition: FeatureDefinition): FeatureDefinition {
  return { ...definition, columns: definition.columns.map((column) => ({ ...column, expr: `(${column.expr})` })) };
}

function only({ columns, numeric, categorical }: FeatureDefinition, fits: (expr: string) => boolean) {
  const kept = columns.filter(({ expr }) => fits(expr));
  const names = new Set(kept.map(({ name }) => name));
  return {
    columns: kept,
    numeric: numeric.filter((name) => names.has(name)),
    categorical: categorical.filter((name) => names.has(name)),
  };
}
