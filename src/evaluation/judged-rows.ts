/** From feature rows to the rows that are judged: those with a label, and the block each belongs to. */
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import { LabelNotBinary, ScoresDoNotFitRows } from './errors.ts';
import type { Decision } from './metrics.ts';
import { judgedWeights } from './row-weights.ts';

const DAY = 86_400_000;

/** Labels (NaN where none; class positions for multiclass), event times in ms, and names by row; slices by column. */
export interface EvaluationRows {
  readonly label: Float64Array;
  readonly eventTime: Float64Array;
  readonly id: readonly string[];
  readonly entity: readonly string[];
  readonly slices: Readonly<Record<string, readonly string[]>>;
}

/** The judged rows, as row numbers of the input, with their blocks numbered in order of time. */
export interface JudgedRows {
  readonly index: Int32Array;
  readonly labels: Float64Array;
  readonly block: Int32Array;
  readonly blocks: number;
  readonly unit: string;
  readonly keys: string[];
  readonly window: { from: string; to: string } | null;
  /** What each row counts (`gate.weights`); 1 where left out. */
  readonly weight?: Float64Array;
  /** How a score of the candidate becomes a decision. */
  readonly decision: Decision;
  /** The champion decides by the threshold that it serves with. */
  readonly championDecision: Decision;
  /** Of a multiclass task; scores then have so many columns. */
  readonly classes?: number;
}

/**
 * Keeps labelled rows and blocks them: by time (a day by default), by entity where entities repeat more than days do
 * and there are enough of them, or one block a row where the file says `resample: iid`.
 *
 * @param classes number of classes of a multiclass task
 * @param thresholds that the versions serve with; that of the model file where left out
 * @throws LabelNotBinary for a binary task with other labels than 0 and 1; GateColumnUnusable
 */
export function judgedRows(
  config: ModelConfig,
  rows: EvaluationRows,
  classes?: number,
  thresholds: Thresholds = {},
): JudgedRows {
  const index = Int32Array.from(rows.label.keys()).filter((i) => !Number.isNaN(rows.label[i]!));
  const labels = Float64Array.from(index, (i) => rows.label[i]!);
  if (config.task === 'binary') refuseOddLabels(config.model, labels);
  const times = Float64Array.from(index, (i) => rows.eventTime[i]!);
  const window = times.length === 0 ? null : { from: iso(times.reduce(min)), to: iso(times.reduce(max)) };
  const several = classes === undefined ? {} : { classes };
  const blocks = blocksOf(config, times, index, rows.entity);
  const weight = judgedWeights(config, rows.slices, index);
  const decision = decisionOf(config, times);
  const at = (threshold = decision.threshold): Decision => ({ ...decision, threshold });
  return {
    ...{ index, labels, window, ...(weight ? { weight } : {}) },
    ...{ decision: at(thresholds.candidate), championDecision: at(thresholds.champion), ...blocks, ...several },
  };
}

/** From which score on each version decides as positive. */
export interface Thresholds {
  readonly candidate?: number;
  readonly champion?: number;
  readonly anchor?: number;
}

/** How the model file turns scores into decisions, for rows with these event times in ms. */
export function decisionOf({ gate }: ModelConfig, times: Float64Array): Decision {
  const { threshold, alerts_per_day: perDay, value } = gate.decision;
  const day = () => Int32Array.from(times, (time) => Math.floor(time / DAY));
  return { threshold, ...(perDay === null ? {} : { alerts: { perDay, day: day() } }), ...(value ? { value } : {}) };
}

function blocksOf(config: ModelConfig, times: Float64Array, index: Int32Array, entity: readonly string[]) {
  const { resample, block: length, min_blocks } = config.gate.uncertainty;
  if (resample === 'iid') {
    return { block: Int32Array.from(index.keys()), blocks: index.length, unit: 'row', keys: [] };
  }
  const span = durationMs(length);
  const starts = [...new Set(Array.from(times, (time) => Math.floor(time / span)))].sort((a, b) => a - b);
  const names = [...new Set(Array.from(index, (i) => entity[i] ?? ''))].sort();
  if (config.data.entity !== null && names.length >= min_blocks && names.length < starts.length) {
    const place = new Map(names.map((name, i) => [name, i]));
    const block = Int32Array.from(index, (i) => place.get(entity[i] ?? '')!);
    return { block, blocks: names.length, unit: 'entity', keys: [] };
  }
  const position = new Map(starts.map((start, i) => [start, i]));
  const block = Int32Array.from(times, (time) => position.get(Math.floor(time / span))!);
  return { block, blocks: starts.length, unit: length, keys: starts.map((start) => iso(start * span)) };
}

/**
 * @param width scores a row: 1, or the number of classes
 * @throws ScoresDoNotFitRows when lengths differ or a score is no finite number
 */
export function scoresOf(
  who: string,
  scores: Float64Array,
  rows: EvaluationRows,
  index: Int32Array,
  width = 1,
): Float64Array {
  if (scores.length !== rows.label.length * width) {
    const each = width === 1 ? '' : ` of ${width} classes`;
    throw new ScoresDoNotFitRows(who, `it has ${scores.length} scores for ${rows.label.length} rows${each}`);
  }
  const judged = pickRows(scores, index, width);
  const bad = judged.reduce((count, score) => count + (Number.isFinite(score) ? 0 : 1), 0);
  if (bad > 0) {
    const first = index[Math.floor(judged.findIndex((score) => !Number.isFinite(score)) / width)]!;
    throw new ScoresDoNotFitRows(
      who,
      `${bad} of ${judged.length} scores are NaN or infinite (first: row ${first}, id ${rows.id[first]})`,
    );
  }
  return judged;
}

function refuseOddLabels(model: string, labels: Float64Array): void {
  const odd = (label: number) => label !== 0 && label !== 1;
  const row = labels.findIndex(odd);
  if (row >= 0) throw new LabelNotBinary(model, { row, value: labels[row]!, count: labels.filter(odd).length });
}

/** Some rows of a row-major matrix, in the order of `rows`. */
export function pickRows(values: Float64Array, rows: ArrayLike<number>, width = 1): Float64Array {
  const picked = new Float64Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    for (let k = 0; k < width; k++) picked[i * width + k] = values[rows[i]! * width + k]!;
  }
  return picked;
}

/** Rows of the rarer class, or of the rarest of several; null for regression. */
export function rarerClass(task: ModelConfig['task'], labels: Float64Array, classes = 2): number | null {
  if (task === 'regression') return null;
  if (task === 'multiclass') return Math.min(...classCounts(labels, classes));
  const positives = labels.reduce((sum, label) => sum + label, 0);
  return Math.min(positives, labels.length - positives);
}

/** Rows by class position. */
export function classCounts(labels: Float64Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]! += 1;
  return counts;
}

const iso = (ms: number) => new Date(ms).toISOString();
const min = (a: number, b: number) => Math.min(a, b);
const max = (a: number, b: number) => Math.max(a, b);
