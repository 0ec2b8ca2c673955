/** What a benchmark is and what it prints: medians of at least five repeats, ours and the peer's in turn. */

export interface BenchmarkResult {
  readonly metric: string;
  /** Such as `ms`; smaller is better unless the metric says otherwise. */
  readonly unit: string;
  readonly ours: number;
  /** The same work by the peer, measured in the same run. */
  readonly peer?: number;
  /** What ours must stay under. */
  readonly limit?: number;
  /** Peer (or limit) divided by ours: how many times better ours is. */
  readonly ratio?: number;
  readonly repeats: number;
}

export interface Benchmark {
  /** One line: workload, peer, what must be reached. */
  readonly about: string;
  readonly run: (progress: (sentence: string) => void) => Promise<readonly BenchmarkResult[]>;
}

export interface BenchmarkReport {
  readonly name: string;
  readonly machine: string;
  readonly results: readonly BenchmarkResult[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Runs ours and the peer in turn, so that a slow minute of the machine hits both, and compares medians.
 *
 * @param measure each answers its own time, in the unit of the result
 */
export async function inTurn(
  { metric, unit, repeats = 5 }: { metric: string; unit: string; repeats?: number },
  measure: { readonly ours: () => Promise<number>; readonly peer: () => Promise<number> },
): Promise<BenchmarkResult> {
  const [ours, peer]: [number[], number[]] = [[], []];
  for (let i = 0; i < repeats; i++) {
    ours.push(await measure.ours());
    peer.push(await measure.peer());
  }
  const [mine, theirs] = [median(ours), median(peer)];
  return { metric, unit, ours: mine, peer: theirs, ratio: theirs / mine, repeats };
}
