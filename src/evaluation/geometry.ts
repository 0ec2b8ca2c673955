/** Owns the window geometry of a run: train | gap | validation | gap | holdout, in whole UTC days of event time. */
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import type { Geometry } from '../registry/contract.ts';
import { SplitWithoutRows, TooLittleHistory } from './errors.ts';

const DAY = 86_400_000;
const iso = (ms: number) => new Date(ms).toISOString();
const startOfDay = (ms: number) => Math.floor(ms / DAY) * DAY;

/**
 * Where a run that starts at `asOf` trains, chooses and judges. All windows are half-open and begin and end at
 * midnight UTC; a part or gap that is no whole number of days is rounded up to whole days (edges move to the past).
 *
 * The newest row of the holdout is mature: its event is at least `mature_after` old at `asOf`. `fit_end` is the end of
 * validation, the last rows that fitting, stopping, calibrating or choosing may see.
 *
 * @param asOf ISO instant; nothing younger enters
 * @param earliest ISO instant of the oldest event there is
 * @param since with `since_break`: the break that the training rows begin after; without one the file's `fallback` rules
 * @throws TooLittleHistory when less than one whole day is left to train on
 * @throws SplitWithoutRows when the file gives validation or holdout no length
 */
export function windowGeometry(config: ModelConfig, asOf: string, earliest: string, since?: string): Geometry {
  const { split } = config.training;
  const [validation, holdout, gap] = [durationMs(split.validation), durationMs(split.holdout), durationMs(split.gap)];
  if (validation <= 0) throw new SplitWithoutRows(config.model, 'validation', split.validation);
  if (holdout <= 0) throw new SplitWithoutRows(config.model, 'holdout', split.holdout);

  const matureBefore = startOfDay(Date.parse(asOf) - durationMs(config.data.label.mature_after));
  const holdoutFrom = startOfDay(matureBefore - holdout);
  const validationTo = startOfDay(holdoutFrom - gap);
  const validationFrom = startOfDay(validationTo - validation);
  const trainTo = startOfDay(validationFrom - gap);

  const first = startOfDay(Date.parse(earliest));
  const trainFrom = Math.max(first, trainingStart(config, trainTo, since));
  if (trainTo - trainFrom < DAY) {
    throw new TooLittleHistory(config.model, {
      earliest,
      asOf,
      soonest: iso(Date.parse(asOf) + first + DAY - trainTo),
    });
  }

  return {
    as_of: asOf,
    mature_before: iso(matureBefore),
    train: { from: iso(trainFrom), to: iso(trainTo) },
    validation: { from: iso(validationFrom), to: iso(validationTo) },
    holdout: { from: iso(holdoutFrom), to: iso(matureBefore) },
    gap_ms: gap,
    fit_end: iso(validationTo),
  };
}

/**
 * Where training rows begin that end at `to`, whatever history there is; −∞ for all of it.
 *
 * A break begins at midnight UTC or is moved forward to it: no row from before it is let in.
 *
 * @param to milliseconds since the epoch
 * @param since a break to begin after, in place of the window of the file
 */
export function trainingStart({ training: { window } }: ModelConfig, to: number, since?: string): number {
  const length = window.type === 'since_break' ? window.fallback : window;
  if (window.type === 'since_break' && since !== undefined) return Math.ceil(Date.parse(since) / DAY) * DAY;
  return length.type === 'rolling' ? startOfDay(to - durationMs(length.length)) : Number.NEGATIVE_INFINITY;
}
