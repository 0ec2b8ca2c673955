/** Lines over time as SVG: scales and ticks by d3, colours by the style sheet, the numbers in the table behind. */
import { scaleLinear, scaleUtc } from 'd3-scale';
import { line } from 'd3-shape';
import { type Content, type Html, html } from '../html.ts';

export interface Point {
  readonly at: Date;
  /** Null leaves a gap. */
  readonly value: number | null;
  /** Bounds, where the value is an estimate. */
  readonly low?: number | null;
  readonly high?: number | null;
}

export interface Chart {
  /** What a reader that sees no picture is told. */
  readonly title: string;
  readonly unit: string;
  readonly points: readonly Point[];
  /** A level across the picture, such as a limit. */
  readonly levels?: readonly { readonly value: number; readonly label: string }[];
  /** Vertical lines, such as promotions. */
  readonly marks?: readonly { readonly at: Date; readonly label: string }[];
  /** The table with the same numbers. */
  readonly behind: Content;
}

const WIDTH = 640;
const HEIGHT = 200;
const LEFT = 48;
const RIGHT = WIDTH - 12;
const TOP = 22;
const FLOOR = HEIGHT - 24;

export function chart({ title, unit, points, levels = [], marks = [], behind }: Chart): Html {
  const known = points.filter((point): point is Point & { value: number } => point.value !== null);
  const table = html`<details><summary>The numbers</summary>${behind}</details>`;
  if (known.length === 0)
    return html`<figure class="chart"><figcaption>${title}: nothing was judged yet.</figcaption>${table}</figure>`;
  const heights = [
    ...known.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]),
    ...levels.map(({ value }) => value),
  ];
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  const pad = high - low || Math.abs(high) || 1;
  const bottom = low >= 0 ? Math.max(0, low - 0.08 * pad) : low - 0.08 * pad;
  const y = scaleLinear([bottom, high + 0.08 * pad], [FLOOR, TOP]).nice(4);
  const times = [...known.map(({ at }) => at.getTime()), ...marks.map(({ at }) => at.getTime())];
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const x = scaleUtc([new Date(first), new Date(last === first ? first + 86_400_000 : last)], [LEFT + 8, RIGHT - 8]);
  const path = line<Point>()
    .defined(({ value }) => value !== null)
    .x(({ at }) => round(x(at)))
    .y(({ value }) => round(y(value ?? 0)));
  const dayOf = x.tickFormat(5);
  return html`<figure class="chart"><figcaption>${title} <span class="soft">(${unit})</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}, ${unit}; the table below has the numbers">
${y.ticks(4).map((tick) => html`<path class="grid" d="M${LEFT} ${round(y(tick))}H${RIGHT}"/><text x="${LEFT - 6}" y="${round(y(tick)) + 4}" text-anchor="end">${y.tickFormat(4)(tick)}</text>`)}
${x.ticks(5).map((tick) => html`<text x="${round(x(tick))}" y="${HEIGHT - 6}" text-anchor="middle">${dayOf(tick)}</text>`)}
${levels.map(({ value, label }) => html`<path class="level" d="M${LEFT} ${round(y(value))}H${RIGHT}"/><text x="${RIGHT}" y="${round(y(value)) - 4}" text-anchor="end">${label}</text>`)}
${marks.map(({ at, label }) => html`<path class="mark" d="M${round(x(at))} ${TOP - 4}V${FLOOR}"/><text x="${round(x(at))}" y="${TOP - 8}" text-anchor="${x(at) > WIDTH / 2 ? 'end' : 'start'}">${label}</text>`)}
${known.map(({ at, low: from, high: to }) => from != null && to != null && html`<path class="bounds" d="M${round(x(at))} ${round(y(from))}V${round(y(to))}"/>`)}
<path class="line" d="${path([...points]) ?? ''}"/>
${known.map(({ at, value }) => html`<circle cx="${round(x(at))}" cy="${round(y(value))}" r="3"/>`)}
</svg>${table}</figure>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
