/** Row weights that fade with age: `training.window.decay`. Only rows that are trained on have them. */
import type { ModelConfig } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import type { FeatureSnapshot } from '../contract.ts';
import { quoteName } from '../sql-text.ts';
import type { RowWeight } from './row-select.ts';

export type Decay = NonNullable<FeatureSnapshot['decay']>;

/** @param newest end of the rows that are trained on: a row there weighs 1, whatever time has passed since */
export function decayOf({ training: { window } }: ModelConfig, newest: string): Decay | undefined {
  return window.decay && { half_life: window.decay.half_life, newest };
}

/** SQL: 0.5^(age / half life), not scaled to a mean of 1. Ages are kept in milliseconds. */
export function decayWeight({ half_life, newest }: Decay, eventTime: string): RowWeight {
  const age = `(${Date.parse(newest)} - epoch_ms(${quoteName(eventTime)}))`;
  return `pow(0.5::DOUBLE, ${age}::DOUBLE / ${durationMs(half_life)}::DOUBLE)`;
}
