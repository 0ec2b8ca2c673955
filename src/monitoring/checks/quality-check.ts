/** Findings about skill and calibration from the performance windows: how many were beyond the limit, in one sentence. */
import type { ModelConfig } from '../../config/model.ts';
import { short, whole } from '../../drift/sentences.ts';
import type { Finding, Holdout, PerformanceWindow } from '../contract.ts';
import { windowName } from '../windows.ts';
import { sinceOf } from './drift-check.ts';
import { calibrationOff, skillFell, skillLimit } from './performance.ts';

/** @param windows newest first */
export function skillFinding(
  windows: readonly PerformanceWindow[],
  config: ModelConfig,
  holdout: Holdout | null,
): Finding {
  const { of: needed, skill_drop: drop } = config.triggers.performance;
  const newest = windows[0]!;
  const { skill } = newest;
  const fell = windows.map((window) => holdout !== null && skillFell(window, holdout, drop));
  const verdict = countWindows(
    fell,
    windows.map((window) => window.skill?.lower != null && holdout !== null),
    needed,
  );
  const rates =
    config.task === 'multiclass'
      ? `the class told was right in ${short(newest.label_rate)}`
      : `label rate ${short(newest.label_rate)}, AUC ${short(newest.roc_auc)}`;
  const on = `${whole(newest.labelled)} labelled predictions, ${windowName(newest.window)} (${rates})`;
  const why = holdout === null ? 'not judged (the champion has no clean holdout figure)' : newest.not_judged;
  const value = `skill ${short(skill?.estimate ?? null)} (95 % from ${short(skill?.lower ?? null)} to ${short(skill?.upper ?? null)})`;
  const against =
    holdout === null ? '' : `limit ${short(skillLimit(holdout, drop))}, ${short(holdout.skill)} on its own holdout`;
  return {
    kind: 'performance',
    subject: 'skill',
    ...verdict,
    value: skill?.estimate ?? null,
    limit: holdout === null ? null : skillLimit(holdout, drop),
    rows: newest.labelled,
    window: newest.window,
    ...sinceOf(
      fell,
      windows.map(({ window }) => window),
    ),
    sentence:
      verdict.state === 'not_judged'
        ? `Skill: ${why ?? 'not judged'}. Wait for labels.`
        : verdict.state === 'stable'
          ? `Skill ${within(skill!.estimate! < skillLimit(holdout!, drop))}: ${value}, ${against}, on ${on}.`
          : `Skill fell: ${value}, ${against}, on ${on}; ${counted(verdict)}.`,
  };
}

/** @param windows newest first */
export function calibrationFinding(windows: readonly PerformanceWindow[], config: ModelConfig): Finding {
  const { of: needed, mean_prediction_minus_label_rate: limit } = config.triggers.calibration;
  const newest = windows[0]!;
  const { calibration } = newest;
  const off = windows.map((window) => calibrationOff(window, limit));
  const verdict = countWindows(
    off,
    windows.map((window) => window.calibration?.lower != null),
    needed,
  );
  const bounds = `95 % from ${short(calibration?.lower ?? null)} to ${short(calibration?.upper ?? null)}`;
  const value =
    `${config.task === 'multiclass' ? 'mean probability of the class told' : 'mean prediction'} ${short(newest.mean_prediction)}, ` +
    `${config.task === 'multiclass' ? 'right in' : 'label rate'} ${short(newest.label_rate)}, ` +
    `difference ${short(calibration?.estimate ?? null)} (limit ${short(limit)}, ${bounds})`;
  const on = `${whole(newest.labelled)} labelled predictions, ${windowName(newest.window)}`;
  return {
    kind: 'calibration',
    subject: 'calibration_in_the_large',
    ...verdict,
    value: calibration?.estimate ?? null,
    limit,
    rows: newest.labelled,
    window: newest.window,
    ...sinceOf(
      off,
      windows.map(({ window }) => window),
    ),
    sentence:
      verdict.state === 'not_judged'
        ? `Calibration: ${newest.not_judged ?? 'not judged'}. Wait for labels.`
        : verdict.state === 'stable'
          ? `Calibration ${within(Math.abs(calibration!.estimate!) > limit)}: ${value}, on ${on}.`
          : `Calibration is off: ${value}, on ${on}; ${counted(verdict)}.`,
  };
}

/** An estimate beyond the limit whose bounds still allow no change is told as what it is. */
function within(beyond: boolean): string {
  return beyond ? 'is beyond its limit but within noise' : 'holds';
}

type Verdict = Pick<Finding, 'state' | 'windows'>;

/** Acts only where the newest window is beyond the limit as well: what is over does not start a run. */
function countWindows(
  beyond: readonly boolean[],
  judged: readonly boolean[],
  needed: { need: number; of: number },
): Verdict {
  const windows = {
    beyond: beyond.filter(Boolean).length,
    judged: judged.filter(Boolean).length,
    need: needed.need,
    of: needed.of,
  };
  if (!judged[0]) return { state: 'not_judged', windows };
  if (!beyond[0]) return { state: 'stable', windows };
  return { state: windows.beyond >= needed.need ? 'moved' : 'seen', windows };
}

function counted({ state, windows }: Verdict): string {
  const text = `${windows.beyond} of the last ${windows.of} windows, ${windows.need} needed`;
  return state === 'moved' ? text : `not yet acting: ${text}`;
}
