/** Numbers as people read them, where they may be missing. */
import { count, percent as percentOf } from '../../numbers.ts';

export { count };

export function number(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined) return '–';
  return Math.abs(value) >= 1000 ? count(Math.round(value)) : String(Number(value.toPrecision(digits)));
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : percentOf(share);
}

export function many(value: number, what: string): string {
  return `${count(value)} ${what}${value === 1 ? '' : 's'}`;
}
