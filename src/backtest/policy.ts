/** A retraining policy to replay, and those that every backtest knows. */
import type { ModelConfig } from '../config/model.ts';

export interface Policy {
  readonly name: string;
  readonly about: string;
  /** The model's own configuration with this policy's triggers and training window. */
  readonly config: ModelConfig;
  /** Asks for a run every so often, counted from the start; beside `config.triggers.schedule`. */
  readonly every: string | null;
  /** Off: every run is served, fitted on all mature rows, with no holdout and nobody asked. */
  readonly gate: boolean;
  /** How long a person takes to decide, where one is asked. */
  readonly approvalDelay: string;
  /** From the start of a run to a trained candidate. */
  readonly trainingTime: string;
}

export const defaultDelays = { approvalDelay: 'P1D', trainingTime: 'PT1H' } as const;

/** Of the policies that look back a fixed time only, where the model takes all history. */
const rollingLength = 'P42D';

type Triggers = ModelConfig['triggers'];

/** The model's triggers, each of them switched off; limits stay. */
function noTriggers(triggers: Triggers): Triggers {
  return {
    ...triggers,
    schedule: { ...triggers.schedule, enabled: false },
    performance: { ...triggers.performance, enabled: false },
    calibration: { ...triggers.calibration, enabled: false },
    drift: { ...triggers.drift, then: 'alert_and_check_quality' },
    volume: null,
    age: null,
  };
}

/** Without a policy file: these are compared. All of them use the gate, the split and the limits of the model file. */
export function shippedPolicies(config: ModelConfig): Policy[] {
  const off = noTriggers(config.triggers);
  const policy = (
    name: string,
    about: string,
    change: { every?: string; triggers?: Partial<Triggers>; window?: ModelConfig['training']['window'] } = {},
  ): Policy => ({
    ...{ name, about, gate: true, ...defaultDelays, every: change.every ?? null },
    config: {
      ...config,
      triggers: { ...off, ...change.triggers },
      training: { ...config.training, window: change.window ?? config.training.window },
    },
  });
  const { window } = config.training;
  const other =
    window.type === 'all_history'
      ? { name: 'weekly-rolling', about: `weekly, on the last ${rollingLength} only`, length: rollingLength }
      : { name: 'weekly-all-history', about: 'weekly, on all history', length: null };
  return [
    policy('never', 'the first version stays'),
    policy('every-28-days', 'a run every 28 days', { every: 'P28D' }),
    policy('weekly', 'a run every 7 days', { every: 'P7D' }),
    policy('drift-only', 'a run where features moved', { triggers: { drift: { ...off.drift, then: 'retrain' } } }),
    policy('performance-only', 'a run where skill fell', {
      triggers: { performance: { ...off.performance, enabled: true } },
    }),
    { ...policy('own', 'the triggers of the model file'), config },
    policy(other.name, other.about, {
      every: 'P7D',
      window: other.length === null ? { type: 'all_history' } : { type: 'rolling', length: other.length },
    }),
  ];
}
