/** Times: the instant in UTC for machines and hovering, how long ago for people. */
import { durationMs } from '../../config/values.ts';
import { relative, utc } from '../../times.ts';
import { type Html, html } from '../html.ts';

export { utc };

const UNITS: readonly [seconds: number, name: string][] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
];

export function utcTime(instant: string): Html {
  return html`<time datetime="${instant}">${utc(instant)}</time>`;
}

/** `3 days ago` with the instant on hover; only for times of the wall clock. */
export function ago(instant: string, now: Date): Html {
  return html`<time datetime="${instant}" title="${utc(instant)}">${relative(instant, now)}</time>`;
}

/** An ISO 8601 duration as people say it: `7 days`, `90 min`, `1.5 s`. */
export function lasting(duration: string): string {
  const seconds = durationMs(duration) / 1000;
  const even = UNITS.find(([size]) => seconds >= size && seconds % size === 0);
  if (even === undefined) return span(seconds);
  const [size, name] = even;
  return name === 'minute' ? `${seconds / size} min` : `${seconds / size} ${name}${seconds === size ? '' : 's'}`;
}

/** `0.4 s`, `12 s`, `5 min`, `2.5 h`, `3.1 d`. */
export function span(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} d`;
}
