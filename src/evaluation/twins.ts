/** Does a full refit score like the version that was judged? (decisions §1: what is served stands for what was judged) */
import type { Task } from '../config/model.ts';
import { weightedMean } from '../statistics/block-statistic.ts';
import { blockJackknife } from '../statistics/jackknife.ts';
import { behaviour } from './behaviour.ts';
import { pickRows } from './judged-rows.ts';
import { rowLosses } from './losses.ts';

/**
 * Wider than what newer and more rows do by themselves. On flights the mean moved by 0.115 when the newest two weeks were
 * stormy (label rate 0.42), and PSI was 0.68 on three weeks of data, where a refit sees twice the rows of its twin. A
 * broken refit is far outside.
 */
const MEAN_SHIFT = 0.2;
const PSI = 1;
const LEVEL = 0.05;
const DAY = 86_400_000;

export interface TwinAgreement {
  readonly meanShift: number;
  readonly psi: number;
  /** Why the refit may not be served; null where it may. */
  readonly problem: string | null;
  /** Outside the limits, and the labels say that it is the world that moved: for a person to know. */
  readonly moved: string | null;
}

/** One score a row (`decidingScores`), and what happened on the same rows in the same order. */
export interface TwinRows {
  readonly judged: Float64Array;
  readonly refit: Float64Array;
  readonly label: Float64Array;
  /** Milliseconds. */
  readonly eventTime: Float64Array;
}

/**
 * Outside the limits the labels are asked. The rows are those that judged, and the refit was fitted on them too: where
 * its loss on them is shown lower than that of its twin (days left out one by one), both learned the same thing from
 * different times. Where it is not, the refit is broken. That is no proof of quality on new rows, so a person decides.
 * Of several classes nothing is asked: one score a row is no probability of the label.
 */
export function compareTwins(task: Task, rows: TwinRows): TwinAgreement {
  const { judged, refit } = rows;
  if (judged.length === 0) {
    return { meanShift: 0, psi: 0, problem: 'there are no rows to compare them on', moved: null };
  }
  const { mean_shift: meanShift, score_psi: psi } = behaviour(task, refit, judged);
  const beyond = [
    Math.abs(meanShift) > MEAN_SHIFT ? `its mean score differs by ${meanShift.toFixed(3)} (limit ${MEAN_SHIFT})` : '',
    psi > PSI ? `PSI of the scores is ${psi.toFixed(2)} (limit ${PSI})` : '',
  ].filter(Boolean);
  if (beyond.length === 0) return { meanShift, psi, problem: null, moved: null };
  const explained = task === 'multiclass' ? null : explainedBy(task, rows);
  const problem = beyond.join(', ');
  return {
    meanShift,
    psi,
    ...(explained ? { problem: null, moved: `${problem}; ${explained}` } : { problem, moved: null }),
  };
}

/** What the labels say for the refit, or null. */
function explainedBy(task: Task, rows: TwinRows): string | null {
  const known = Int32Array.from(rows.label.keys()).filter((i) => !Number.isNaN(rows.label[i]!));
  const [judged, refit, label, eventTime] = [rows.judged, rows.refit, rows.label, rows.eventTime].map((all) =>
    pickRows(all, known),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const days = [...new Set(Array.from(eventTime, (time) => Math.floor(time / DAY)))];
  const place = new Map(days.map((day, i) => [day, i]));
  const block = Int32Array.from(eventTime, (time) => place.get(Math.floor(time / DAY)) ?? 0);
  const [before, after] = [rowLosses(task, label, judged), rowLosses(task, label, refit)];
  const statistic = [before, after].map((losses) => weightedMean(losses, block, days.length));
  const [gain, then, now] = blockJackknife(
    (weights) => {
      const [twin, own] = statistic.map((one) => one(weights)) as [number, number];
      return [twin - own, twin, own];
    },
    days.length,
    LEVEL,
  );
  if (gain?.lower == null || gain.lower <= 0 || then?.estimate == null || now?.estimate == null) return null;
  const what = task === 'binary' ? 'log loss' : 'squared error';
  const shown = (value: number) => String(Number(value.toPrecision(3)));
  return (
    `on the ${label.length} newest rows in ${days.length} days, which it was fitted on and the judged version was not, ` +
    `its ${what} is ${shown(now.estimate)} against ${shown(then.estimate)}`
  );
}
