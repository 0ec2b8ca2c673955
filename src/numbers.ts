/** Numbers as people read them: alike in sentences, on screens and on pages. */

/** `9,812`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `30.5 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
