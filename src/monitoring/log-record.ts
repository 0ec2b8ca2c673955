/** What one prediction becomes in the log: its columns, by the version's privacy policy. */
import type { RawRow } from '../serving/contract.ts';
import type { FieldColumn, LogPolicy } from './log-policy.ts';
import type { RecordRow } from './partitions.ts';
import type { RecordType } from './records.ts';

/** One scored call: the rows of one version in one arm. Arrays are in row order; held until written, never changed. */
export interface LoggedCall {
  readonly model: string;
  readonly version: number;
  readonly arm: string;
  readonly generation: number;
  readonly threshold: number | null;
  readonly policy: LogPolicy;
  readonly loggedAt: number;
  readonly latencyMs: number;
  readonly rows: readonly LoggedRow[];
  /** Row-major rows × numeric features; NaN where missing. */
  readonly numeric: Float32Array;
  readonly categorical: readonly (readonly string[])[];
  /** What joins and windows were known at; null or left out without any. */
  readonly lookupAsOf?: number | null;
}

export interface LoggedRow {
  readonly raw: RawRow;
  readonly inferenceId: string;
  readonly entity: string;
  readonly eventTime: number;
  readonly propensity: number | null;
  readonly explored: boolean | null;
  readonly digest: string;
  /** One value, or one a class. */
  readonly scores: readonly number[];
  readonly prediction: number;
  readonly decision: number | string | null;
  readonly staged: boolean;
}

/** A feature that is a number in one version and a category in another is written as text in this file. */
export function extraColumns(calls: readonly LoggedCall[]): Record<string, RecordType> {
  const columns: Record<string, RecordType> = {};
  const add = (field: FieldColumn | null, type: RecordType) => {
    if (field === null) return;
    const wanted = field.fate === 'keep' ? type : 'VARCHAR';
    columns[field.column] = (columns[field.column] ?? wanted) === wanted ? wanted : 'VARCHAR';
  };
  for (const { policy } of new Map(calls.map((call) => [call.policy, call])).values()) {
    for (const field of policy.numeric) add(field, 'DOUBLE');
    for (const field of [...policy.categorical, ...policy.raw]) add(field, 'VARCHAR');
  }
  return columns;
}

export function recordOf(call: LoggedCall, row: LoggedRow, i: number, node: string): RecordRow {
  const { policy } = call;
  const record: Record<string, unknown> = {
    inference_id: row.inferenceId,
    entity: policy.hashEntityAs === null ? row.entity : policy.hash(policy.hashEntityAs, row.entity),
    event_time: row.eventTime,
    logged_at: call.loggedAt,
    model: call.model,
    version: call.version,
    arm: call.arm,
    generation: call.generation,
    prediction: row.prediction,
    scores: row.scores.length > 1 ? row.scores : null,
    decision: row.decision === null ? null : String(row.decision),
    threshold: call.threshold,
    propensity: row.propensity,
    explored: row.explored,
    request_digest: row.digest,
    latency_ms: call.latencyMs,
    node,
    staged: row.staged,
    lookup_as_of: call.lookupAsOf ?? null,
  };
  const put = (field: FieldColumn, value: unknown) => {
    record[field.column] = value === null ? null : field.write(value);
  };
  policy.numeric.forEach((field, k) => {
    if (field === null) return;
    const value = call.numeric[i * policy.numeric.length + k]!;
    put(field, Number.isNaN(value) ? null : value);
  });
  policy.categorical.forEach((field, k) => {
    if (field !== null) put(field, call.categorical[k]![i] || null);
  });
  for (const field of policy.raw) {
    const value = row.raw[field.field];
    put(field, value === undefined || value === null ? null : String(value));
  }
  return record;
}
