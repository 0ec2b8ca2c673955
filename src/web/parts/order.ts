/** The newest `count` of a list that is oldest first. */
export function newestFirst<T>(list: readonly T[], count: number): T[] {
  return list.slice(-count).reverse();
}
