/** Does a full refit score like the version that was judged? (decisions §1: what is served stands for what was judged) */
import type { Task } from '../config/model.ts';
import { behaviour } from './behaviour.ts';

/**
 * Wider than what newer and more rows do by themselves. On flights the mean moved by 0.115 when the newest two weeks were
 * stormy (label rate 0.42), and PSI was 0.68 on three weeks of data, where a refit sees twice the rows of its twin. A
 * broken refit is far outside.
 */
const MEAN_SHIFT = 0.2;
const PSI = 1;

export interface TwinAgreement {
  readonly meanShift: number;
  readonly psi: number;
  /** Null where the two agree. */
  readonly problem: string | null;
}

/**
 * @param judged scores of the judged version and @param refit of its refit, one a row (`decidingScores`), on the same
 *   rows in the same order
 */
export function compareTwins(task: Task, judged: Float64Array, refit: Float64Array): TwinAgreement {
  if (judged.length === 0) return { meanShift: 0, psi: 0, problem: 'there are no rows to compare them on' };
  const { mean_shift: meanShift, score_psi: psi } = behaviour(task, refit, judged);
  const problems = [
    Math.abs(meanShift) > MEAN_SHIFT ? `its mean score differs by ${meanShift.toFixed(3)} (limit ${MEAN_SHIFT})` : '',
    psi > PSI ? `PSI of the scores is ${psi.toFixed(2)} (limit ${PSI})` : '',
  ].filter(Boolean);
  return { meanShift, psi, problem: problems.join(', ') || null };
}
