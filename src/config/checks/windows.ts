/** Durations that must be whole days, more than nothing, or long enough for one another. */
import type { ModelConfig } from '../model.ts';
import { durationMs } from '../values.ts';
import type { Check, Complaint } from './check.ts';

const DAY = 86_400_000;

type Named = readonly [path: string, value: string];

function complaint([path, value]: Named, message: string, hint?: string): Complaint {
  return { path: path.split('.'), message: `${message}; read ${value}`, ...(hint === undefined ? {} : { hint }) };
}

function rolling({ training: { window } }: ModelConfig): Named[] {
  if (window.type === 'rolling') return [['training.window.length', window.length]];
  if (window.type !== 'since_break' || window.fallback.type !== 'rolling') return [];
  return [['training.window.fallback.length', window.fallback.length]];
}

function halfLife({ window }: ModelConfig['training']): Named[] {
  return window.decay === undefined ? [] : [['training.window.decay.half_life', window.decay.half_life]];
}

export const windowsAreWholeDays: Check = (config) => {
  const { split } = config.training;
  const days: Named[] = [
    ['training.split.validation', split.validation],
    ['training.split.holdout', split.holdout],
    ['gate.uncertainty.block', config.gate.uncertainty.block],
    ['monitoring.drift.window', config.monitoring.drift.window],
    ['triggers.performance.window', config.triggers.performance.window],
    ['triggers.calibration.window', config.triggers.calibration.window],
    ...rolling(config),
  ];
  return days.flatMap((named) => {
    const ms = durationMs(named[1]);
    return ms > 0 && ms % DAY === 0
      ? []
      : [complaint(named, 'must be whole days, at least one', 'write days, such as P7D')];
  });
};

export const durationsAreMoreThanNothing: Check = ({ approval, deploy, monitoring, training, gate }) => {
  const positive: Named[] = [
    ['approval.otherwise.deadline', approval.otherwise.deadline],
    ...(deploy.shadow === 'off'
      ? []
      : [
          ['deploy.shadow.bake', deploy.shadow.bake] as const,
          ['deploy.shadow.max_wait', deploy.shadow.max_wait] as const,
        ]),
    ['deploy.canary.bake', deploy.canary.bake],
    ['deploy.canary.max_wait', deploy.canary.max_wait],
    ['deploy.probation.until_labels_mature_for', deploy.probation.until_labels_mature_for],
    ['monitoring.every', monitoring.every],
    ...(monitoring.after_shift ? [['monitoring.after_shift.every', monitoring.after_shift.every] as const] : []),
    ['monitoring.log.retention', monitoring.log.retention],
    ['training.limits.wall_clock', training.limits.wall_clock],
    ['gate.on_inconclusive.wait_for_labels', gate.on_inconclusive.wait_for_labels],
    ...halfLife(training),
    ...(deploy.batch === null || durationMs(deploy.batch.lookback) > 0
      ? []
      : [['deploy.batch.horizon', deploy.batch.horizon] satisfies Named]),
  ];
  return positive.flatMap((named) => (durationMs(named[1]) > 0 ? [] : [complaint(named, 'must be more than nothing')]));
};

/** A holdout with fewer blocks than the gate demands could only ever be `inconclusive`. */
export const holdoutCanDecide: Check = ({ training: { split }, gate: { uncertainty } }) => {
  if (uncertainty.resample !== 'block') return [];
  const blocks = Math.floor(durationMs(split.holdout) / durationMs(uncertainty.block));
  if (!Number.isFinite(blocks) || blocks >= uncertainty.min_blocks) return [];
  const message = `a holdout of ${split.holdout} has ${blocks} blocks of ${uncertainty.block}, but gate.uncertainty.min_blocks is ${uncertainty.min_blocks}: each gate would be inconclusive`;
  return [{ path: ['training', 'split', 'holdout'], message }];
};

export const rollingWindowHoldsTheSplit: Check = (config) => {
  const { split } = config.training;
  const taken = durationMs(split.validation) + durationMs(split.holdout) + 2 * durationMs(split.gap);
  return rolling(config).flatMap((named) =>
    durationMs(named[1]) > taken
      ? []
      : [complaint(named, `validation, holdout and gaps take ${taken / DAY} days, which leaves nothing to train on`)],
  );
};

const YEAR = durationMs('P365D');

/** A caution, no error: whoever declares a yearly season may still have reasons to forget most of it. */
export const rollingWindowHoldsTheSeason: Check = (config) =>
  config.data.season !== 'yearly'
    ? []
    : rolling(config).flatMap((named) =>
        durationMs(named[1]) >= YEAR
          ? []
          : [
              complaint(
                named,
                'data.season says that the year repeats, and this window holds less than one: the model never sees the season that comes next',
                'write at least P365D, or use all_history with decay',
              ),
            ],
      );

export const bakeFitsItsDeadline: Check = ({ deploy: { shadow, canary } }) =>
  Object.entries(shadow === 'off' ? { canary } : { shadow, canary }).flatMap(([step, { bake, max_wait }]) =>
    durationMs(max_wait) >= durationMs(bake)
      ? []
      : [complaint([`deploy.${step}.max_wait`, max_wait], `must be at least deploy.${step}.bake, ${bake}`)],
  );
