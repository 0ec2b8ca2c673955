/** Owns the count of looks: a holdout that has already decided something buys less the next time. */

import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import type { EvaluationReport } from '../evaluation/contract.ts';

/** Blocks (starts of days) that decided one earlier gate of the model. */
export interface EarlierLook {
  readonly keys: readonly string[];
}

/**
 * Which look at these rows this is: 1 plus the earlier decisions that share more than half of this report's blocks.
 *
 * @param keys `report.blocks.keys` of the report to be judged
 * @param earlier the same of earlier decisions of the model, in any order
 */
export function lookNumber(keys: readonly string[], earlier: readonly EarlierLook[]): number {
  const mine = new Set(keys);
  const shares = (look: EarlierLook) => look.keys.filter((key) => mine.has(key)).length > mine.size / 2;
  return 1 + earlier.filter(shares).length;
}

/**
 * Milliseconds after which an inconclusive candidate is looked at again: for the missing blocks, or else for a week,
 * because looking daily would spend the error on rows that hardly differ.
 */
export function untilNextLook({ gate }: ModelConfig, { blocks }: Pick<EvaluationReport, 'blocks'>): number {
  const { block, min_blocks } = gate.uncertainty;
  const missing = min_blocks - blocks.count;
  return missing > 0 ? missing * durationMs(block) : durationMs('P7D');
}
