/** One metric on validation rows, for choosing among configurations before the gate sees any of them. */
import { z } from 'zod';
import type { MetricName, ModelConfig } from '../config/model.ts';
import { readFeatureColumns } from '../data/columns.ts';
import { sliceNames } from '../data/features/slices.ts';
import type { Signature } from '../registry/contract.ts';
import { ModelRuntime } from '../serving/model-runtime.ts';
import { widened } from './classes.ts';
import { type EvaluationRows, judgedRows, scoresOf } from './judged-rows.ts';
import { finite, METRICS } from './metrics.ts';

export const validationFigure = z.strictObject({
  /** Null where the metric is undefined on these rows. */
  value: z.number().nullable(),
  rows: z.number().int().nonnegative(),
});
export type ValidationFigure = z.output<typeof validationFigure>;

/**
 * Scores a model file on feature rows by the serving runtime.
 *
 * @param paths local Parquet files of the validation part
 * @throws as `figureOn`
 */
export async function figureOnFile(
  config: ModelConfig,
  metric: MetricName,
  paths: readonly string[],
  { model, signature }: { readonly model: string; readonly signature: Signature },
): Promise<ValidationFigure> {
  const { numeric, categorical } = signature;
  const rows = await readFeatureColumns(paths, { numeric, categorical, slices: sliceNames(config) });
  const runtime = await ModelRuntime.load(model, signature);
  try {
    return figureOn(config, metric, signature, rows, await runtime.predict(rows));
  } finally {
    await runtime.release();
  }
}

/**
 * As the gate computes it: decisions by the file's threshold, rows weighed by `gate.weights`.
 *
 * @param scores as the serving runtime gives them, rows × width, row-major
 * @throws LabelNotBinary, ScoresDoNotFitRows, GateColumnUnusable
 */
export function figureOn(
  config: ModelConfig,
  metric: MetricName,
  { classes: own }: Pick<Signature, 'classes'>,
  rows: EvaluationRows,
  scores: Float64Array,
): ValidationFigure {
  const known = own?.map(Number) ?? [];
  const several = config.task === 'multiclass';
  // A class that the model was never shown has probability 0, here as in the evaluation.
  const values = [...new Set([...known, ...rows.label])].filter((one) => !Number.isNaN(one)).sort((a, b) => a - b);
  const width = several ? values.length : undefined;
  const placed = several
    ? { ...rows, label: rows.label.map((label) => (Number.isNaN(label) ? label : values.indexOf(label))) }
    : rows;
  const judged = judgedRows(config, placed, width);
  const wide = several ? widened(scores, known, values) : scores;
  const block = new Int32Array(judged.index.length);
  const statistic = METRICS[metric].prepare({
    ...{ labels: judged.labels, decision: judged.decision, block, blocks: 1 },
    scores: scoresOf('the trial', wide, placed, judged.index, width),
    ...(width === undefined ? {} : { classes: width }),
    ...(judged.weight ? { weight: judged.weight } : {}),
  });
  return { value: finite(statistic(Float64Array.of(1))), rows: judged.index.length };
}
