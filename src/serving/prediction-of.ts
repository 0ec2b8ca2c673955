/** From scores to an answer: value, decision, and what the log keeps of them. */
import type { Signature } from '../registry/contract.ts';
import type { Answered } from './answer.ts';
import type { Prediction } from './contract.ts';
import type { AskedRow } from './request-rows.ts';

type ScoredPart = Pick<Answered, 'slot' | 'rows' | 'scored'>;

export interface RowScores {
  /** One value, or one probability a class. */
  readonly scores: number[];
  /** Probability of the positive class, value, or the likeliest class's probability. */
  readonly prediction: number;
  readonly decision: number | string | null;
}

export function scoresOf({ slot, rows, scored }: ScoredPart, i: number): RowScores {
  const { signature, served } = slot.source;
  const width = scored.predictions.length / rows.length;
  const scores = new Array<number>(width);
  for (let k = 0; k < width; k++) scores[k] = scored.predictions[i * width + k]!;
  return { scores, ...decisionOf(signature, served.threshold, scores) };
}

/** @param scores of one row: one value, or one probability a class */
export function decisionOf(
  { task, classes }: Pick<Signature, 'task' | 'classes'>,
  threshold: number | null,
  scores: readonly number[] | Float64Array,
): Omit<RowScores, 'scores'> {
  if (task === 'multiclass') {
    const best = scores.indexOf(Math.max(...scores));
    return { prediction: scores[best]!, decision: classes?.[best] ?? best };
  }
  const prediction = scores[0]!;
  return { prediction, decision: task === 'binary' && threshold !== null ? Number(prediction >= threshold) : null };
}

export function predictionOf(part: Answered, row: AskedRow, i: number): Prediction {
  const { scores, prediction, decision } = scoresOf(part, i);
  const answer: Prediction = {
    inference_id: row.inferenceId,
    version: part.slot.version,
    arm: part.arm,
    prediction: scores.length > 1 ? scores : prediction,
    decision,
  };
  return part.staged ? { ...answer, staged: true } : answer;
}
