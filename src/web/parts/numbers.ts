/** Numbers as people read them. */

export function number(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined) return '–';
  return Math.abs(value) >= 1000 ? count(Math.round(value)) : String(Number(value.toPrecision(digits)));
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${(100 * share).toFixed(1)} %`;
}

/** `9,812`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

export function many(value: number, what: string): string {
  return `${count(value)} ${what}${value === 1 ? '' : 's'}`;
}
