/** Columns of a part that evaluation reads beside label and features: values as text, for groups, weights and an incumbent. */
import type { ModelConfig } from '../../config/model.ts';
import { quoteName } from '../sql-text.ts';
import type { FeatureDefinition } from './definition.ts';

/** Declared slice columns, protected ones, and those that weigh rows or hold an incumbent's scores; without repeats. */
export function sliceNames(config: ModelConfig): string[] {
  const { slices, fairness, weights, incumbent } = config.gate;
  const groups = [...slices.columns, ...slices.critical, ...(fairness === 'none' ? [] : fairness.protected)];
  const numbers = [weights.business, weights.propensity, incumbent].filter((name) => name !== null);
  return [...new Set([...groups, ...numbers])];
}

/**
 * `_slice_<name>` of each slice column that is no category of the model (a category is its own slice). A computed
 * number is shown as its type says (`7`, not `7.0`).
 */
export function sliceSelect(config: ModelConfig, definition: FeatureDefinition): string[] {
  return sliceNames(config)
    .filter((name) => !definition.categorical.includes(name))
    .map((name) => {
      const computed = config.features.sql[name];
      const value = computed
        ? `TRY_CAST((${computed.expr}\n) AS ${computed.type === 'int32' ? 'INTEGER' : computed.type === 'float32' ? 'FLOAT' : 'VARCHAR'})`
        : quoteName(name);
      return `CAST(${value} AS VARCHAR) AS ${quoteName(`_slice_${name}`)}`;
    });
}
