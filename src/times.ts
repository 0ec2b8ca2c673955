/** Times as people read them: the exact instant in UTC, and how long ago. */

/** `2013-04-10 06:00 UTC`. */
export function utc(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
}

const UNITS: readonly [seconds: number, name: string][] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
];

/** `3 days ago`, `in 2 hours`, `just now`. */
export function relative(instant: string, now: Date): string {
  const seconds = (now.getTime() - Date.parse(instant)) / 1000;
  const unit = UNITS.find(([size]) => Math.abs(seconds) >= size);
  if (unit === undefined) return 'just now';
  const count = Math.floor(Math.abs(seconds) / unit[0]);
  const span = `${count} ${unit[1]}${count === 1 ? '' : 's'}`;
  return seconds > 0 ? `${span} ago` : `in ${span}`;
}
