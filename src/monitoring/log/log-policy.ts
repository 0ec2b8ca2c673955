/** What of a prediction may be logged: each field is hashed, bucketed, truncated, kept or dropped. Unknown fields are dropped. */
import { createHash, createHmac } from 'node:crypto';
import type { LogConfig } from '../../config/sections/monitoring.ts';

export interface LogFields {
  /** Features of the version, in the order of its arrays. */
  readonly numeric: readonly string[];
  readonly categorical: readonly string[];
  readonly entity: string | null;
}

/** How each field of one version's predictions is logged. */
export interface LogPolicy {
  /** Share that is logged, by arm. */
  readonly sample: (arm: string) => number;
  /** Column of a feature in the log, by position; null: dropped. */
  readonly numeric: readonly (FieldColumn | null)[];
  readonly categorical: readonly (FieldColumn | null)[];
  /** Raw columns that are no feature. */
  readonly raw: readonly FieldColumn[];
  /** Name of the entity column where it must be hashed; null: as it is. */
  readonly hashEntityAs: string | null;
  readonly hash: (field: string, value: unknown) => string | null;
}

export interface FieldColumn {
  readonly field: string;
  readonly column: string;
  /** `keep` keeps the type; everything else is written as text. */
  readonly fate: 'keep' | 'hash' | 'bucket' | 'truncate';
  /** What is written for a value that is there. */
  readonly write: (value: unknown) => unknown;
}

/**
 * @param log `monitoring.log` of the configuration that the version was made with
 * @param key secret of the hashes; the same field and value give the same hash under one key only
 */
export function logPolicy(log: LogConfig, fields: LogFields, key: string): LogPolicy {
  const features = new Set([...fields.numeric, ...fields.categorical]);
  const dropped = new Set(log.drop ?? []);
  const hashed = new Set(log.hash);
  const hash = (field: string, value: unknown): string | null =>
    value === null || value === undefined ? null : keyedHash(key, field, String(value));
  const kept = (name: string): boolean =>
    !dropped.has(name) && (log.keep === 'all_features' ? features.has(name) : log.keep.includes(name));

  const columnOf = (field: string): FieldColumn | null => {
    const edges = log.bucket?.[field];
    const length = log.truncate?.[field];
    if (hashed.has(field)) return { field, column: `h_${field}`, fate: 'hash', write: (value) => hash(field, value) };
    if (edges !== undefined)
      return { field, column: `b_${field}`, fate: 'bucket', write: (value) => bucketOf(edges, value) };
    if (length !== undefined)
      return { field, column: `t_${field}`, fate: 'truncate', write: (value) => firstCharacters(value, length) };
    const column = `${features.has(field) ? 'f' : 'r'}_${field}`;
    return kept(field) ? { field, column, fate: 'keep', write: (value) => value } : null;
  };
  const named = [
    ...log.hash,
    ...Object.keys(log.bucket ?? {}),
    ...Object.keys(log.truncate ?? {}),
    ...(log.keep === 'all_features' ? [] : log.keep),
  ];
  const raw = [...new Set(named)].filter((name) => !features.has(name)).map(columnOf);
  const { entity } = fields;
  return {
    sample: sampleOf(log.sample),
    numeric: fields.numeric.map(columnOf),
    categorical: fields.categorical.map(columnOf),
    raw: raw.filter((column) => column !== null),
    hashEntityAs: entity !== null && columnOf(entity)?.fate !== 'keep' ? entity : null,
    hash,
  };
}

/** The same, with a key that is asked for only where the policy hashes something. */
export async function logPolicyWith(
  log: LogConfig,
  fields: LogFields,
  hashKey: () => Promise<string>,
): Promise<LogPolicy> {
  const hashes = log.hash.length > 0 || logPolicy(log, fields, '').hashEntityAs !== null;
  return logPolicy(log, fields, hashes ? await hashKey() : '');
}

/** Whether an inference id is in the sample: by its hash, so that every node agrees, and a smaller share is part of a larger. */
export function inSample(inferenceId: string, sample: number): boolean {
  if (sample >= 1) return true;
  return createHash('sha256').update(`sample\n${inferenceId}`).digest().readUIntBE(0, 6) / 2 ** 48 < sample;
}

/** Answers of the champion in a canary's place are the champion's. */
function sampleOf(sample: LogConfig['sample']): LogPolicy['sample'] {
  if (typeof sample === 'number') return () => sample;
  const { champion = 1, canary = 1, shadow = 1 } = sample;
  return (arm) => (arm === 'canary' ? canary : arm === 'shadow' ? shadow : champion);
}

/** HMAC-SHA-256, 32 hexadecimal digits; the field's name is part of it, so equal values of two fields do not join. */
export function keyedHash(key: string, field: string, value: string): string {
  return createHmac('sha256', key).update(`${field}\n${value}`).digest('hex').slice(0, 32);
}

/** `< 10`, `10 to < 20`, `>= 20`; text that is no number says so and nothing more. */
function bucketOf(edges: readonly number[], value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
  if (Number.isNaN(number)) return 'not a number';
  const above = edges.findIndex((edge) => number < edge);
  if (above === 0) return `< ${edges[0]}`;
  return above < 0 ? `>= ${edges.at(-1)}` : `${edges[above - 1]} to < ${edges[above]}`;
}

/** Whole characters, so that none is cut in half. */
function firstCharacters(value: unknown, length: number): string | null {
  return value === null || value === undefined ? null : [...String(value)].slice(0, length).join('');
}
