/** The one definition of a model's features: SQL expressions over raw columns, the same offline and online. */
import type { ModelConfig } from '../../config/model.ts';
import type { SqlType } from '../../config/sections/features.ts';
import { durationMs } from '../../config/values.ts';
import { digestOf } from '../../store/content.ts';
import type { RawSnapshot } from '../contract.ts';
import { engineVersion } from '../engine.ts';
import { declaredProducer } from '../ingest/producer.ts';
import { quoteName } from '../sql-text.ts';
import { checkDefinition } from './definition-check.ts';
import { ProducerUnknown } from './errors.ts';

/** Raise when `featureSelect` gives other values for the same configuration. */
const SELECT_VERSION = 1;
/** The same for joins and windows. */
const LOOKUP_VERSION = 1;

export interface FeatureColumn {
  readonly name: string;
  readonly type: SqlType;
  /** DuckDB SQL over one raw row, with a struct column for each join, and `windows`. */
  readonly expr: string;
}

/** A reference table: the row with the key that was valid, and known, at the event. */
export interface FeatureJoin {
  readonly name: string;
  readonly path: string;
  readonly key: readonly { readonly column: string; readonly reference: string }[];
  readonly valid_from: string | null;
  readonly known_at: string | null;
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[];
}

/** An aggregate over rows with the same key and a time in `[t − length − delay, t − delay)`. */
export interface FeatureWindow {
  readonly name: string;
  readonly type: SqlType;
  readonly by: readonly string[];
  readonly length_ms: number;
  readonly delay_ms: number;
  readonly expr: string;
  /** The time of a row is when its label became known; label and outcomes may be read. */
  readonly of_labels: boolean;
}

export interface FeatureDefinition {
  readonly model: string;
  /** Order of the numeric input tensor. */
  readonly numeric: readonly string[];
  readonly categorical: readonly string[];
  /** Numeric first, then categorical, each in the order of the model file (`use`, `sql`, `windows`). */
  readonly columns: readonly FeatureColumn[];
  /** Label, label time and outcomes: hidden from every expression but those of windows of labels. */
  readonly hidden: readonly string[];
  readonly joins?: readonly FeatureJoin[];
  readonly windows?: readonly FeatureWindow[];
  /** SHA-256 over all that changes a value: expressions, types, categories, joins, windows, producer, engine version. */
  readonly digest: string;
}

/**
 * The definition that the model file gives for the rows of one snapshot: where features come ready, the version of
 * their producer is part of it.
 *
 * @throws FeatureDefinitionInvalid; ProducerUnknown where features come ready and the delivery does not say from whom
 */
export function definitionFor(config: ModelConfig, raw: Pick<RawSnapshot, 'producer'>): FeatureDefinition {
  if (!config.features.precomputed) return featureDefinition(config);
  const producer = declaredProducer(raw);
  if (!producer) throw new ProducerUnknown(config.model);
  return featureDefinition(config, producer);
}

/**
 * @param producer who made features that come ready
 * @throws FeatureDefinitionInvalid when a name is used twice (case does not count), an outcome or the label is used,
 * or `categories.columns` names no feature
 */
export function featureDefinition(config: ModelConfig, producer?: RawSnapshot['producer']): FeatureDefinition {
  const { features, data } = config;
  const categories = new Set(features.categories.columns);
  const typeOf = (name: string, type: SqlType): SqlType => (categories.has(name) ? 'string' : type);
  const [joins, windows] = [joinsOf(config), windowsOf(config)];
  const all: FeatureColumn[] = [
    ...features.use.map((name) => ({ name, type: typeOf(name, 'float32'), expr: quoteName(name) })),
    ...Object.entries(features.sql).map(([name, { type, expr }]) => ({ name, type: typeOf(name, type), expr })),
    ...windows.map(({ name, type }) => ({ name, type: typeOf(name, type), expr: `windows.${quoteName(name)}` })),
  ];
  const numeric = all.filter(({ type }) => type !== 'string');
  const categorical = all.filter(({ type }) => type === 'string');
  const columns = [...numeric, ...categorical];
  const hidden = [data.label.column, data.label.available_at, ...data.outcomes].filter((name) => name !== null);
  checkDefinition(config, columns, hidden);
  const lookups = joins.length + windows.length > 0;
  const time = { event: data.event_time, label: data.label.available_at };
  const content = {
    ...{ columns, hidden, categories: features.categories, engine: engineVersion, select: SELECT_VERSION },
    ...(lookups ? { joins, windows, time, lookups: LOOKUP_VERSION } : {}),
    ...(producer ? { producer } : {}),
  };
  return {
    model: config.model,
    numeric: numeric.map(({ name }) => name),
    categorical: categorical.map(({ name }) => name),
    columns,
    hidden,
    ...(joins.length > 0 ? { joins } : {}),
    ...(windows.length > 0 ? { windows } : {}),
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
  if (type === 'boolean') return `CAST(TRY_CAST(${value} AS BOOLEAN) AS FLOAT)`;
  return `TRY_CAST(${value} AS FLOAT)`;
}

/** The engine's own type of a declared one. */
export function engineType(type: SqlType): string {
  return { int32: 'INTEGER', float32: 'FLOAT', boolean: 'BOOLEAN', string: 'VARCHAR' }[type];
}

/** How far windows look back from an event, in milliseconds. */
export function historyMs({ features }: ModelConfig): number {
  const windows = Object.values(features.windows ?? {});
  return Math.max(0, ...windows.map(({ length, delay }) => durationMs(length) + durationMs(delay)));
}

/** Joins as the model file says them, names and columns in its order. */
export function joinsOf({ features }: ModelConfig): FeatureJoin[] {
  return Object.entries(features.joins ?? {}).map(([name, { path, key, valid_from, known_at, columns }]) => ({
    ...{ name, path, valid_from, known_at: known_at ?? null },
    key: Object.entries(key).map(([column, reference]) => ({ column, reference })),
    columns: Object.entries(columns).map(([column, { type }]) => ({ name: column, type })),
  }));
}

function windowsOf({ features }: ModelConfig): FeatureWindow[] {
  return Object.entries(features.windows ?? {}).map(([name, { type, by, length, delay, expr, of_labels }]) => ({
    ...{ name, type, by, expr, of_labels: of_labels ?? false },
    ...{ length_ms: durationMs(length), delay_ms: durationMs(delay) },
  }));
}
