/** Blocks of time as the unit of resampling: rows of one block belong together. */

/**
 * Numbers the blocks of equal length that occur, in the order of their first row.
 *
 * @param eventTime in ms
 * @param length of a block, in ms
 * @param from where a block begins, in ms; the others lie beside it
 */
export function blocksOf(
  eventTime: Iterable<number>,
  length: number,
  from = 0,
): { readonly block: Int32Array; readonly blocks: number } {
  const numbers = new Map<number, number>();
  const block = Int32Array.from(eventTime, (time) => {
    const key = Math.floor((time - from) / length);
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  });
  return { block, blocks: numbers.size };
}
