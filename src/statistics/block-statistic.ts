/** What resampling works on: any figure that can be computed again after each block was given a weight. */

/**
 * A figure of all rows, where row i counts `weights[block[i]]` times. NaN where it is undefined (such as a ranking
 * metric when one class has no weight left). Weight 1 everywhere gives the plain figure.
 */
export type BlockStatistic = (weights: Float64Array) => number;

/**
 * Several figures under the same weights. Differences of two models belong in here beside their parts: that is what
 * makes a comparison paired, and computes each part once.
 */
export type BlockFigures = (weights: Float64Array) => readonly number[];

/** Total of `value` by block: additive metrics need nothing else from the rows. */
export function sumByBlock(values: ArrayLike<number>, block: Int32Array, blocks: number): Float64Array {
  const sums = new Float64Array(blocks);
  for (let i = 0; i < block.length; i++) sums[block[i]!]! += values[i]!;
  return sums;
}

export function dot(weights: Float64Array, sums: Float64Array): number {
  let total = 0;
  for (let b = 0; b < sums.length; b++) total += weights[b]! * sums[b]!;
  return total;
}

/** Weighted mean of a value per row. @param weight what each row counts by itself; 1 where left out */
export function weightedMean(
  values: Float64Array,
  block: Int32Array,
  blocks: number,
  weight: Float64Array = new Float64Array(block.length).fill(1),
): BlockStatistic {
  const sums = sumByBlock(
    values.map((value, i) => value * weight[i]!),
    block,
    blocks,
  );
  const counts = sumByBlock(weight, block, blocks);
  return (weights) => dot(weights, sums) / dot(weights, counts);
}
