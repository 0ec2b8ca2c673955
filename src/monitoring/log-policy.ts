/** What of a prediction may be logged: each field is kept, hashed with a key, or dropped. Unknown fields are dropped. */
import { createHash, createHmac } from 'node:crypto';
import type { ModelConfig } from '../config/model.ts';

export interface LogFields {
  /** Features of the version, in the order of its arrays. */
  readonly numeric: readonly string[];
  readonly categorical: readonly string[];
  readonly entity: string | null;
}

/** How each field of one version's predictions is logged. */
export interface LogPolicy {
  readonly sample: number;
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
  readonly fate: 'keep' | 'hash';
}

/**
 * @param log `monitoring.log` of the configuration that the version was made with
 * @param key secret of the hashes; the same field and value give the same hash under one key only
 */
export function logPolicy(log: ModelConfig['monitoring']['log'], fields: LogFields, key: string): LogPolicy {
  const hashed = new Set(log.hash);
  const features = new Set([...fields.numeric, ...fields.categorical]);
  const kept = (name: string) => (log.keep === 'all_features' ? features.has(name) : log.keep.includes(name));
  const feature = (field: string): FieldColumn | null => {
    if (hashed.has(field)) return { field, column: `h_${field}`, fate: 'hash' };
    return kept(field) ? { field, column: `f_${field}`, fate: 'keep' } : null;
  };
  const named = log.keep === 'all_features' ? log.hash : [...log.hash, ...log.keep];
  const raw = [...new Set(named)]
    .filter((name) => !features.has(name))
    .map((field): FieldColumn => {
      return hashed.has(field)
        ? { field, column: `h_${field}`, fate: 'hash' }
        : { field, column: `r_${field}`, fate: 'keep' };
    });
  return {
    sample: log.sample,
    numeric: fields.numeric.map(feature),
    categorical: fields.categorical.map(feature),
    raw,
    hashEntityAs: fields.entity !== null && (hashed.has(fields.entity) || !kept(fields.entity)) ? fields.entity : null,
    hash: (field, value) => (value === null || value === undefined ? null : keyedHash(key, field, String(value))),
  };
}

/** Whether an inference id is in the sample: by its hash, so that every node and every arm agrees. */
export function inSample(inferenceId: string, sample: number): boolean {
  if (sample >= 1) return true;
  return createHash('sha256').update(`sample\n${inferenceId}`).digest().readUIntBE(0, 6) / 2 ** 48 < sample;
}

/** HMAC-SHA-256, 32 hexadecimal digits; the field's name is part of it, so equal values of two fields do not join. */
function keyedHash(key: string, field: string, value: string): string {
  return createHmac('sha256', key).update(`${field}\n${value}`).digest('hex').slice(0, 32);
}
