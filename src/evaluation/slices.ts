/** Figures of each declared slice: who gains and who loses, or why a group is too small to say. */
import type { MetricName, ModelConfig } from '../config/model.ts';
import { blockJackknife } from '../statistics/jackknife.ts';
import type { Intervals, SliceFigures } from './contract.ts';
import { SliceColumnMissing } from './errors.ts';
import { type EvaluationRows, type JudgedRows, pickRows, rarerClass } from './judged-rows.ts';
import { byMetric, finite, METRICS } from './metrics.ts';
import { meanOfRows } from './row-weights.ts';

const LEVEL = 0.05;

/** Of the values of one column that are too small to judge, this many are listed by name; the rest are one line. */
const SMALL_LISTED = 20;

export interface SliceScores {
  readonly candidate: Float64Array;
  readonly champion: Float64Array | null;
}

/**
 * One entry a value of each declared column, largest first. Differences carry jackknife bounds over the blocks that
 * the slice has. A slice under `min_rows`, under `min_blocks`, or with proportionally too few rows of the rarer class
 * is listed as not judged.
 *
 * @param scores in the order of `judged`
 * @throws SliceColumnMissing when rows do not carry a declared column
 */
export function sliceFigures(
  config: ModelConfig,
  rows: EvaluationRows,
  judged: JudgedRows,
  scores: SliceScores,
): SliceFigures[] {
  return config.gate.slices.columns.flatMap((column) => {
    const values = rows.slices[column];
    if (!values) throw new SliceColumnMissing(config.model, column, Object.keys(rows.slices));
    const groups = groupPositions(judged.index, values);
    const sorted = [...groups].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));
    const figures = sorted.map(([value, members]) => oneSlice(config, { column, value, members }, judged, scores));
    return foldSmall(column, figures);
  });
}

export interface Slice {
  readonly column: string;
  readonly value: string;
  /** Positions among the judged rows. */
  readonly members: readonly number[];
}

export function oneSlice(
  config: ModelConfig,
  { column, value, members }: Slice,
  judged: JudgedRows,
  scores: SliceScores,
): SliceFigures {
  const { classes } = judged;
  const labels = pickRows(judged.labels, members);
  const present = [...new Set(members.map((i) => judged.block[i]!))].sort((a, b) => a - b);
  const place = new Map(present.map((block, i) => [block, i]));
  const block = Int32Array.from(members, (i) => place.get(judged.block[i]!)!);
  const rarer = rarerClass(config.task, labels, classes);
  const entry = {
    column,
    value,
    rows: members.length,
    rarer_class: rarer,
    label_mean: classes === undefined ? finite(meanLabel(labels, judged, members)) : null,
    critical: config.gate.slices.critical.includes(column),
  };
  const small = tooSmall(config, members.length, present.length, rarer);
  if (small) return { ...entry, not_judged: small, candidate: {}, champion: {}, difference: {} };

  const metrics = sliceMetrics(config);
  const weight = judged.weight ? { weight: pickRows(judged.weight, members) } : {};
  const own = { labels, block, blocks: present.length, ...weight, ...(classes === undefined ? {} : { classes }) };
  // Alerts of a day are for all its rows.
  const prepare = (all: Float64Array, { threshold, value: worth }: JudgedRows['decision']) => {
    const decision = { threshold, ...(worth ? { value: worth } : {}) };
    const scores = pickRows(all, members, classes);
    return metrics.map((name) => METRICS[name].prepare({ ...own, scores, decision }));
  };
  const candidate = prepare(scores.candidate, judged.decision);
  const champion = scores.champion ? prepare(scores.champion, judged.championDecision) : null;
  const even = new Float64Array(present.length).fill(1);
  const plain = (statistics: typeof candidate) =>
    byMetric(
      metrics,
      statistics.map((statistic) => finite(statistic(even))),
    );
  if (!champion) return { ...entry, not_judged: null, candidate: plain(candidate), champion: {}, difference: {} };

  const differences = blockJackknife(
    (weights) => metrics.map((name, m) => METRICS[name].direction * (candidate[m]!(weights) - champion[m]!(weights))),
    present.length,
    LEVEL,
  );
  const difference: Intervals = byMetric(metrics, differences);
  return { ...entry, not_judged: null, candidate: plain(candidate), champion: plain(champion), difference };
}

/**
 * The metrics that slices are judged on: the primary one and those with a margin of their own. A capacity for alerts is
 * one for all rows of a day, so that no slice has a figure at it.
 */
export function sliceMetrics(config: ModelConfig): MetricName[] {
  const named = [config.gate.primary, ...(Object.keys(config.gate.slices.margin) as MetricName[])];
  return [...new Set(named)].filter((name) => METRICS[name].needs !== 'alerts');
}

function tooSmall(config: ModelConfig, rows: number, blocks: number, rarer: number | null): string | null {
  const { min_rows } = config.gate.slices;
  const whole = config.gate.uncertainty;
  if (rows < min_rows) return `${rows} rows, fewer than ${min_rows}`;
  if (blocks < Math.max(2, whole.min_blocks)) return `rows in ${blocks} blocks, fewer than ${whole.min_blocks}`;
  const needed = Math.ceil((whole.min_rarer_class * min_rows) / whole.min_rows);
  if (rarer !== null && rarer < needed) return `${rarer} rows of the rarer class, fewer than ${needed}`;
  return null;
}

function meanLabel(labels: Float64Array, { weight }: JudgedRows, members: readonly number[]): number {
  return meanOfRows({ labels, ...(weight ? { weight: pickRows(weight, members) } : {}) }, labels);
}

/** Positions among the judged rows, by value of the column. */
function groupPositions(index: Int32Array, values: readonly string[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  index.forEach((row, position) => {
    const value = values[row] ?? '';
    const members = groups.get(value);
    if (members) members.push(position);
    else groups.set(value, [position]);
  });
  return groups;
}

/** Values of no size are not worth a line each, but their number is said. */
function foldSmall(column: string, figures: SliceFigures[]): SliceFigures[] {
  const small = figures.filter((slice) => slice.not_judged !== null);
  const folded = new Set(small.slice(SMALL_LISTED));
  if (folded.size === 0) return figures;
  const rest = [...folded];
  return [
    ...figures.filter((slice) => !folded.has(slice)),
    {
      ...rest[0]!,
      column,
      value: `(${rest.length} more)`,
      rows: rest.reduce((sum, slice) => sum + slice.rows, 0),
      rarer_class: null,
      label_mean: null,
      not_judged: 'too small each',
    },
  ];
}
