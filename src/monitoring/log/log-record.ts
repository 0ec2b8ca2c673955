/** What one prediction becomes in the log: its columns, by the version's privacy policy. */
import type { RawRow } from '../../serving/contract.ts';
import type { FieldColumn, LogPolicy } from './log-policy.ts';
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
export function extraColumns(calls: readonly Pick<LoggedCall, 'policy'>[]): Record<string, RecordType> {
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

/** One line of JSON, written directly: an object of forty columns first would double the time. */
export function lineOf(call: LoggedCall, row: LoggedRow, i: number, node: string): string {
  const { policy } = call;
  const entity = policy.hashEntityAs === null ? row.entity : policy.hash(policy.hashEntityAs, row.entity);
  let line = `{"inference_id":${text(row.inferenceId)},"entity":${json(entity)}`;
  line += `,"event_time":${row.eventTime},"logged_at":${call.loggedAt},"model":${text(call.model)}`;
  line += `,"version":${call.version},"arm":${text(call.arm)},"generation":${call.generation}`;
  line += `,"prediction":${json(row.prediction)},"decision":${row.decision === null ? null : text(String(row.decision))}`;
  if (row.scores.length > 1) line += `,"scores":${JSON.stringify(row.scores)}`;
  line += `,"threshold":${json(call.threshold)},"propensity":${json(row.propensity)},"explored":${row.explored}`;
  line += `,"request_digest":${text(row.digest)},"latency_ms":${json(call.latencyMs)},"node":${text(node)}`;
  line += `,"staged":${row.staged},"lookup_as_of":${call.lookupAsOf ?? null}`;
  for (let k = 0; k < policy.numeric.length; k++) {
    const field = policy.numeric[k];
    const value = call.numeric[i * policy.numeric.length + k];
    if (field && value !== undefined && !Number.isNaN(value)) line += member(field, value);
  }
  for (let k = 0; k < policy.categorical.length; k++) {
    const field = policy.categorical[k];
    const value = call.categorical[k]?.[i];
    if (field && value) line += member(field, value);
  }
  for (const field of policy.raw) {
    const value = row.raw[field.field];
    if (value === undefined || value === null) continue;
    const known = field.fate === 'hash' && field.field === policy.hashEntityAs && String(value) === row.entity;
    line += known ? keyOf(field) + json(entity) : member(field, String(value));
  }
  return `${line}}\n`;
}

const text = (value: string): string => JSON.stringify(value);

/** What is not finite has no place in JSON and is null. */
function json(value: unknown): string {
  return typeof value === 'number' && Number.isFinite(value) ? `${value}` : JSON.stringify(value ?? null);
}

function member(field: FieldColumn, value: unknown): string {
  return keyOf(field) + json(field.write(value));
}

const keys = new WeakMap<FieldColumn, string>();

function keyOf(field: FieldColumn): string {
  let key = keys.get(field);
  if (key === undefined) {
    key = `,${text(field.column)}:`;
    keys.set(field, key);
  }
  return key;
}
