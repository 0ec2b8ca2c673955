/** What it takes to serve a version: how long one row takes, and what its features weigh. */
import type { FeatureRows } from '../data/columns.ts';
import type { ModelRuntime } from '../serving/model-runtime.ts';
import type { Footprint } from './contract.ts';

const CALLS = 300;
/** The first calls fill caches. */
const WARM_UP = 20;

/** One row a call, as a request would come; null without rows. Milliseconds on this machine, as busy as it is now. */
export async function timeCalls(runtime: ModelRuntime, rows: FeatureRows): Promise<Footprint['latency_ms']> {
  if (rows.rows === 0) return null;
  const width = runtime.signature.numeric.length;
  const times: number[] = [];
  for (let call = 0; call < CALLS + WARM_UP; call++) {
    const row = call % rows.rows;
    const numeric = rows.numeric.slice(row * width, (row + 1) * width);
    const categorical = rows.categorical.map((column) => [column[row] ?? '']);
    const started = performance.now();
    await runtime.predict({ rows: 1, numeric, categorical });
    if (call >= WARM_UP) times.push(performance.now() - started);
  }
  return percentiles(times);
}

/** @param times of at least one call, in milliseconds */
export function percentiles(times: readonly number[]): NonNullable<Footprint['latency_ms']> {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => Number(sorted[Math.floor(share * (sorted.length - 1))]!.toPrecision(3));
  return { p50: at(0.5), p99: at(0.99), calls: sorted.length };
}

/** A trainer's figures as shares, so that two versions compare; null where there are none. */
export function sharesOf(importance: Readonly<Record<string, number>> | undefined): Record<string, number> | null {
  const entries = Object.entries(importance ?? {});
  const sum = entries.reduce((total, [, value]) => total + value, 0);
  return sum > 0 ? Object.fromEntries(entries.map(([name, value]) => [name, value / sum])) : null;
}
