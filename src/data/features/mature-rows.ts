/** Which rows a part may hold and what their label is: by the age of the event, never by the arrival of the label. */
import type { ModelConfig } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import { quoteInstant, quoteName, quoteText } from '../sql-text.ts';
import { FeatureDefinitionInvalid } from './errors.ts';

/**
 * The instant before which events are mature at `asOf`: `asOf − mature_after`, exclusive. Labels of younger rows are
 * not representative, whatever arrived already (flights known within three hours: 13 % late, all flights: 24 %).
 */
export function matureBefore(config: ModelConfig, asOf: string): string {
  return new Date(Date.parse(asOf) - durationMs(config.data.label.mature_after)).toISOString();
}

/** SQL over the raw columns: the label as DOUBLE as known at `asOf`, NULL where it is unknown. */
export function knownLabel(config: ModelConfig, asOf: string): string {
  const { available_at: availableAt } = config.data.label;
  const value = labelValue(config);
  if (availableAt === null) return value;
  return `CASE WHEN ${quoteName(availableAt)} > ${quoteInstant(asOf)} THEN NULL ELSE ${value} END`;
}

/**
 * SQL: the label of a mature row under `if_never`. `exclude` and `censored` leave rows without a label out (an outcome
 * that was cut off is not a "no"); `negative` and `positive` say what a label that never came means.
 *
 * @throws FeatureDefinitionInvalid for `negative` or `positive` where the task is not binary
 */
export function matureLabel(config: ModelConfig, asOf: string): string {
  const { if_never: ifNever, column } = config.data.label;
  const known = knownLabel(config, asOf);
  if (ifNever === 'exclude' || ifNever === 'censored') return known;
  if (config.task !== 'binary') {
    throw new FeatureDefinitionInvalid(
      config.model,
      column,
      `cannot take if_never: ${ifNever} in a ${config.task} task`,
      'Use data.label.if_never: exclude.',
    );
  }
  return `coalesce(${known}, ${ifNever === 'positive' ? '1.0' : '0.0'}::DOUBLE)`;
}

/** Binary: 1 where the value is the positive one, else 0. Otherwise the number itself; what is no number is NULL. */
function labelValue({ task, data }: ModelConfig): string {
  const column = quoteName(data.label.column);
  const { positive } = data.label;
  if (task !== 'binary' || positive === undefined) return `TRY_CAST(${column} AS DOUBLE)`;
  const equal =
    typeof positive === 'number'
      ? `coalesce(TRY_CAST(${column} AS DOUBLE) = (${positive})::DOUBLE, false)`
      : typeof positive === 'boolean'
        ? `coalesce(TRY_CAST(${column} AS BOOLEAN) = ${positive}, false)`
        : `CAST(${column} AS VARCHAR) = ${quoteText(positive)}`;
  return `CASE WHEN ${column} IS NULL THEN NULL WHEN ${equal} THEN 1.0::DOUBLE ELSE 0.0::DOUBLE END`;
}
