/** Versions may know different classes: all are judged over the union, with what one does not know as impossible. */
import type { Signature, VersionManifest } from '../registry/contract.ts';
import type { EvaluationRows } from './judged-rows.ts';
import { topScores } from './multiclass.ts';

/** Key under which a manifest keeps the share of a class among its training labels. */
export const classRateKey = (value: number): string => `train_class_rate_${value}`;

/** Label values of the versions and of the rows, ascending. */
export function classesOf(versions: readonly VersionManifest[], labels: Float64Array): number[] {
  const known = versions.flatMap(({ signature }) => signature.classes?.map(Number) ?? []);
  return [...new Set([...known, ...labels.filter((label) => !Number.isNaN(label))])].sort((a, b) => a - b);
}

/** Rows × own classes to rows × all classes; a class that the version does not know has probability 0. */
export function widened(scores: Float64Array, own: readonly (string | number)[], all: readonly number[]): Float64Array {
  const place = own.map((value) => all.indexOf(Number(value)));
  const rows = own.length === 0 ? 0 : scores.length / own.length;
  const wide = new Float64Array(rows * all.length);
  for (let row = 0; row < rows; row++) {
    place.forEach((k, i) => {
      wide[row * all.length + k] = scores[row * own.length + i]!;
    });
  }
  return wide;
}

/** Labels as positions among the classes. */
export function positioned<R extends EvaluationRows>(rows: R, classes: readonly number[]): R {
  const place = new Map(classes.map((value, k) => [value, k]));
  return { ...rows, label: rows.label.map((label) => place.get(label) ?? Number.NaN) };
}

/** Share of each class: in training where the manifest says so, else on these rows. */
export function classRates(
  { metrics }: VersionManifest,
  classes: readonly number[],
  positions: Float64Array,
): readonly number[] {
  const trained = classes.map((value) => metrics[classRateKey(value)]);
  if (trained.some((rate) => rate !== undefined)) return trained.map((rate) => rate ?? 0);
  const labelled = positions.filter((position) => !Number.isNaN(position));
  return classes.map((_, k) => labelled.filter((position) => position === k).length / labelled.length);
}

/** One score a row whatever the task: of several classes the probability of the likeliest. */
export function decidingScores({ task, classes }: Signature, scores: Float64Array): Float64Array {
  return task === 'multiclass' ? topScores(scores, classes?.length ?? 1) : scores;
}
