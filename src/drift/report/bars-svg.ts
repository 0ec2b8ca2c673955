/** A picture as SVG: a wide bar for the reference, a narrow one on it for the current window. Colours are the page's. */
import type { Bar, Picture } from '../contract.ts';
import { escapeHtml } from './escape-html.ts';

const WIDTH = 320;
const HEIGHT = 120;
const TOP = 12;
const FLOOR = HEIGHT - 16;
const ROW = 17;
const LABEL = 96;

/** @param title what a reader that sees no picture is told */
export function barsSvg(picture: Picture, title: string): string {
  const { bars, missing, shape } = picture;
  const most = Math.max(...bars.map(({ reference, current }) => Math.max(reference, current)), 1e-9);
  const [height, body] =
    shape === 'levels' ? [bars.length * ROW + 4, lying(bars, most, 0)] : [HEIGHT, upright(bars, shape, most)];
  // Missing rows have a line and a scale of their own: half of a column missing would flatten everything else.
  const lost = missing === null ? '' : lying([missing], 1, height);
  const whole = height + (missing === null ? 0 : ROW);
  return `<svg viewBox="0 0 ${WIDTH} ${whole}" role="img" aria-label="${escapeHtml(title)}">${body}${lost}</svg>`;
}

function upright(bars: readonly Bar[], shape: Picture['shape'], most: number): string {
  const step = WIDTH / bars.length;
  const tall = (share: number) => ((FLOOR - TOP) * share) / most;
  const drawn = bars.map(
    ({ reference, current }, i) =>
      rect('r', i * step + step * 0.06, FLOOR - tall(reference), step * 0.88, tall(reference)) +
      rect('c', i * step + step * 0.3, FLOOR - tall(current), step * 0.4, tall(current)),
  );
  const scale = `<text x="0" y="8">${percent(most)}</text>`;
  const labels = shape === 'values' ? valueLabels(bars, step) : rangeLabels(bars);
  return `<path class="a" d="M0 ${FLOOR}H${WIDTH}"/>${drawn.join('')}${labels}${scale}`;
}

function valueLabels(bars: readonly Bar[], step: number): string {
  const every = Math.ceil(bars.length / 10);
  return bars.map(({ label }, i) => (i % every === 0 ? text((i + 0.5) * step, label, 'middle') : '')).join('');
}

function rangeLabels(bars: readonly Bar[]): string {
  const [first, middle, last] = [bars[0], bars[bars.length >> 1], bars.at(-1)];
  return [
    text(0, first?.label.replace('under ', '< ') ?? '', 'start'),
    text(WIDTH / 2, middle?.label.split(' to ')[0] ?? '', 'middle'),
    text(WIDTH, last?.label.replace('from ', '≥ ') ?? '', 'end'),
  ].join('');
}

function lying(bars: readonly Bar[], most: number, top: number): string {
  const long = (share: number) => ((WIDTH - LABEL - 42) * share) / most;
  return bars
    .map((bar, i) => {
      const y = top + i * ROW + 2;
      const label = bar.label.length > 13 ? `${bar.label.slice(0, 12)}…` : bar.label;
      const end = LABEL + Math.max(long(bar.reference), long(bar.current)) + 4;
      return (
        `<text x="${LABEL - 6}" y="${y + 11}" text-anchor="end">${escapeHtml(label)}</text>` +
        rect('r', LABEL, y, long(bar.reference), ROW - 3) +
        rect('c', LABEL, y + 4, long(bar.current), ROW - 11) +
        `<text x="${round(end)}" y="${y + 11}">${percent(bar.current)}</text>`
      );
    })
    .join('');
}

function rect(kind: 'r' | 'c', x: number, y: number, width: number, height: number): string {
  if (width <= 0 || height <= 0) return '';
  return `<path class="${kind}" d="M${round(x)} ${round(y)}h${round(width)}v${round(height)}h-${round(width)}z"/>`;
}

function text(x: number, label: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${round(x)}" y="${HEIGHT - 4}" text-anchor="${anchor}">${escapeHtml(label)}</text>`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
