/** The one definition of a model's features: SQL expressions over raw columns, the same offline and online. */
import type { ModelConfig } from '../../config/model.ts';
import { digestOf } from '../../store/content.ts';
import { engineVersion } from '../engine.ts';
import { quoteName } from '../sql-text.ts';
import { FeatureDefinitionInvalid } from './errors.ts';

/** Raise when `featureSelect` gives other values for the same configuration. */
const SELECT_VERSION = 1;

export interface FeatureColumn {
  readonly name: string;
  readonly type: 'int32' | 'float32' | 'string';
  /** DuckDB SQL over one raw row. */
  readonly expr: string;
}

export interface FeatureDefinition {
  readonly model: string;
  /** Order of the numeric input tensor. */
  readonly numeric: readonly string[];
  readonly categorical: readonly string[];
  /** Numeric first, then categorical, each in the order of the model file (`use`, then `sql`). */
  readonly columns: readonly FeatureColumn[];
  /** Label, label time and outcomes: hidden from every expression. */
  readonly hidden: readonly string[];
  /** SHA-256 over columns, expressions, types, category settings, hidden columns and engine version. */
  readonly digest: string;
}

/**
 * @throws FeatureDefinitionInvalid when a name is used twice (case does not count), an outcome or the label is used,
 * or `categories.columns` names no feature
 */
export function featureDefinition(config: ModelConfig): FeatureDefinition {
  const { features, data } = config;
  const categories = new Set(features.categories.columns);
  const used = features.use.map((name): FeatureColumn => {
    return { name, type: categories.has(name) ? 'string' : 'float32', expr: quoteName(name) };
  });
  const computed = Object.entries(features.sql).map(([name, { type, expr }]): FeatureColumn => {
    return { name, type: categories.has(name) ? 'string' : type, expr };
  });
  const all = [...used, ...computed];
  const numeric = all.filter(({ type }) => type !== 'string');
  const categorical = all.filter(({ type }) => type === 'string');
  const columns = [...numeric, ...categorical];
  const hidden = [data.label.column, data.label.available_at, ...data.outcomes].filter((name) => name !== null);
  check(config, columns, hidden);
  const content = { columns, hidden, categories: features.categories, engine: engineVersion, select: SELECT_VERSION };
  return {
    model: config.model,
    numeric: numeric.map(({ name }) => name),
    categorical: categorical.map(({ name }) => name),
    columns,
    hidden,
    digest: digestOf(content),
  };
}

/**
 * The select list of all features in `columns` order: FLOAT for numbers, VARCHAR for categories.
 *
 * What cannot be cast is NULL (validation counts it); an empty category is NULL: null and empty mean one thing.
 */
export function featureSelect(definition: Pick<FeatureDefinition, 'columns'>): string {
  return definition.columns.map((column) => `${featureSql(column)} AS ${quoteName(column.name)}`).join(',\n');
}

/** The value of one feature. The line break ends a comment that an expression may end with. */
export function featureSql({ type, expr }: FeatureColumn): string {
  const value = `(${expr}\n)`;
  if (type === 'string') return `nullif(CAST(${value} AS VARCHAR), '')`;
  if (type === 'int32') return `CAST(TRY_CAST(${value} AS INTEGER) AS FLOAT)`;
  return `TRY_CAST(${value} AS FLOAT)`;
}

function check(config: ModelConfig, columns: readonly FeatureColumn[], hidden: readonly string[]): void {
  const seen = new Set<string>();
  const secret = new Set(hidden.map((name) => name.toLowerCase()));
  for (const { name } of columns) {
    if (name.startsWith('_')) {
      throw new FeatureDefinitionInvalid(
        config.model,
        name,
        'starts with an underscore, which is kept for hone',
        'Rename it under features.sql.',
      );
    }
    if (seen.has(name.toLowerCase())) {
      throw new FeatureDefinitionInvalid(
        config.model,
        name,
        'stands twice in features (capitals do not count)',
        'Remove it from features.use, or rename it under features.sql.',
      );
    }
    if (secret.has(name.toLowerCase())) {
      throw new FeatureDefinitionInvalid(
        config.model,
        name,
        'is the label, its time or an outcome: known only afterwards, so it would leak the answer',
        'Remove it from features.',
      );
    }
    seen.add(name.toLowerCase());
  }
  const names = new Set(columns.map(({ name }) => name));
  const stray = config.features.categories.columns.find((name) => !names.has(name));
  if (stray !== undefined) {
    throw new FeatureDefinitionInvalid(
      config.model,
      stray,
      'is listed under features.categories.columns but is no feature',
      'Add it to features.use or features.sql, or remove it from the list.',
    );
  }
}
