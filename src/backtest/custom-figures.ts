/** Metrics of a model file in SQL, over the rows that one look of a replay judges. */
import { join } from 'node:path';
import type { ModelConfig } from '../config/model.ts';
import type { EvaluationReport } from '../evaluation/contract.ts';
import { customMetrics } from '../evaluation/custom-metrics.ts';
import { LEVEL } from '../evaluation/evaluate.ts';
import { type EvaluationRows, judgedRows, pickRows } from '../evaluation/judged-rows.ts';
import type { Past } from './past.ts';

export interface Looked {
  readonly rows: EvaluationRows;
  /** Row of the past that the first of these is. */
  readonly first: number;
  readonly candidate: Float64Array;
  readonly champion: Float64Array | undefined;
}

/** @throws as `customMetrics` */
export async function customFigures(
  { path, definition, workDir, signal }: Past,
  config: ModelConfig,
  { rows, first, candidate, champion }: Looked,
): Promise<Pick<EvaluationReport, 'custom'>> {
  if (Object.keys(config.gate.metrics).length === 0) return {};
  const judged = judgedRows(config, rows);
  if (judged.index.length === 0) return {};
  const pick = (scores: Float64Array) => pickRows(scores, judged.index);
  const custom = await customMetrics({
    ...{ config, judged, path, offset: first, level: LEVEL, workDir: join(workDir, 'metrics') },
    features: [...definition.numeric, ...definition.categorical],
    scores: { candidate: pick(candidate), champion: champion ? pick(champion) : null },
    ...(signal ? { signal } : {}),
  });
  return { custom };
}
