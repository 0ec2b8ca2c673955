/** Lines by month, one a policy, each with a colour and a dash of its own: the table beside it has the numbers. */
import { scaleLinear } from 'd3-scale';
import { escapeHtml } from '../../drift/report/escape-html.ts';

export interface Line {
  readonly name: string;
  /** By month; null leaves a gap. */
  readonly values: readonly (number | null)[];
}

const WIDTH = 760;
const HEIGHT = 260;
const MARGIN = { left: 46, right: 12, top: 10, bottom: 24 };
export const STYLES = 8;
const DASHES = ['', '6 3', '2 3', '8 3 2 3', '', '6 3', '2 3', '8 3 2 3'];

/** @param label what a person who cannot see it is told */
export function chartSvg(months: readonly string[], lines: readonly Line[], label: string): string {
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  if (values.length === 0 || months.length === 0) return '';
  const y = scaleLinear([Math.min(...values), Math.max(...values)], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice(5);
  const x = scaleLinear([0, Math.max(1, months.length - 1)], [MARGIN.left, WIDTH - MARGIN.right]);
  const grid = y
    .ticks(5)
    .map(
      (tick) =>
        `<line class="a" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${round(y(tick))}" y2="${round(y(tick))}"/>` +
        `<text x="${MARGIN.left - 5}" y="${round(y(tick) + 3)}" text-anchor="end">${y.tickFormat(5)(tick)}</text>`,
    );
  const every = Math.ceil(months.length / 12);
  const names = months.map((month, i) =>
    i % every === 0
      ? `<text x="${round(x(i))}" y="${HEIGHT - 6}" text-anchor="middle">${escapeHtml(month)}</text>`
      : '',
  );
  const paths = lines.map((line, i) => {
    const points = line.values.map((value, at) => (value === null ? null : `${round(x(at))} ${round(y(value))}`));
    const path = points.map((point, at) => (point === null ? '' : `${points[at - 1] == null ? 'M' : 'L'}${point}`));
    const dots = points.map((point) =>
      point === null ? '' : `<circle cx="${point.split(' ')[0]}" cy="${point.split(' ')[1]}" r="2"/>`,
    );
    const dash = DASHES[i % STYLES] === '' ? '' : ` stroke-dasharray="${DASHES[i % STYLES]}"`;
    return `<g class="l${i % STYLES}"><path d="${path.join('')}"${dash}/>${dots.join('')}<title>${escapeHtml(line.name)}</title></g>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(label)}">${[...grid, ...names, ...paths].join('')}</svg>`;
}

/** A short piece of the line, for the legend. */
export function keySvg(i: number): string {
  const dash = DASHES[i % STYLES] === '' ? '' : ` stroke-dasharray="${DASHES[i % STYLES]}"`;
  return `<svg class="k" viewBox="0 0 30 8" aria-hidden="true"><g class="l${i % STYLES}"><path d="M0 4L30 4"${dash}/></g></svg>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
