/** From a request's body to rows that can be routed, scored and logged: shape, identity, entity, event time, digest. */
import { randomUUID } from 'node:crypto';
import { MAX_ROWS, type RawRow, type ServedDefinition } from './contract.ts';
import { RequestRefused } from './errors.ts';
import { rowDigest } from './row-digest.ts';

const MAX_ID = 200;
const MAX_TEXT = 10_000;
const MAX_FIELDS = 2000;
/** Fields of a row that are for the record only, unless the data has columns of these names. */
const RECORD_FIELDS = ['inference_id', 'propensity', 'explored'] as const;

/** One row of a request, read. */
export interface AskedRow {
  readonly raw: RawRow;
  readonly path: string;
  readonly inferenceId: string;
  readonly entity: string;
  /** Milliseconds since the epoch. */
  readonly eventTime: number;
  readonly propensity: number | null;
  readonly explored: boolean | null;
  /** SHA-256 of the row's canonical JSON. */
  readonly digest: string;
}

/**
 * The rows of a predict body, each an object of plain values.
 *
 * Written by hand, not with zod: 5,000 rows of 25 fields in about 5 ms (the schema is for the published contract).
 * @throws RequestRefused with the path of the first field that is wrong
 */
export function rowsOfBody(body: unknown): RawRow[] {
  if (!isObject(body)) throw new RequestRefused('the body must be an object such as {"rows": [{…}]}');
  const stray = Object.keys(body).find((key) => key !== 'rows');
  if (stray !== undefined) {
    throw new RequestRefused('there is no such field; routing chooses the version', fieldPath('', stray));
  }
  const { rows } = body;
  if (!Array.isArray(rows)) throw new RequestRefused('an array of rows is needed', 'rows');
  if (rows.length === 0) throw new RequestRefused('at least one row is needed', 'rows');
  if (rows.length > MAX_ROWS) {
    throw new RequestRefused(`${rows.length} rows are more than ${MAX_ROWS}; split the request`, 'rows', 413);
  }
  rows.forEach((row, i) => {
    checkRow(row, `rows[${i}]`);
  });
  return rows as RawRow[];
}

/** @throws RequestRefused when id, event time, propensity or explored cannot be what they must be */
export function readRow(raw: RawRow, index: number, served: ServedDefinition, receivedAt: number): AskedRow {
  const path = `rows[${index}]`;
  const inferenceId = inferenceIdOf(raw, path, served);
  const entity = served.entity === null ? null : (raw[served.entity] ?? null);
  return {
    raw,
    path,
    inferenceId,
    entity: entity === null || entity === '' ? inferenceId : String(entity),
    eventTime: eventTimeOf(raw, path, served, receivedAt),
    propensity: propensityOf(raw, path),
    explored: exploredOf(raw, path),
    digest: rowDigest(raw),
  };
}

/** How many fields of a row neither a feature, nor the identity, nor the record uses. */
export function unknownFields(raw: RawRow, served: ServedDefinition): number {
  let unknown = 0;
  for (const field of Object.keys(raw)) {
    const known =
      Object.hasOwn(served.raw_types, field) ||
      field === served.id ||
      field === served.entity ||
      field === served.event_time ||
      (RECORD_FIELDS as readonly string[]).includes(field);
    if (!known) unknown += 1;
  }
  return unknown;
}

function checkRow(row: unknown, path: string): void {
  if (!isObject(row)) throw new RequestRefused(`an object of raw columns is needed, not ${kindOf(row)}`, path);
  let fields = 0;
  for (const field in row) {
    const value = row[field];
    fields += 1;
    const type = typeof value;
    if (type === 'string') {
      if ((value as string).length > MAX_TEXT) {
        throw new RequestRefused(
          `text of ${(value as string).length} characters is longer than ${MAX_TEXT}`,
          fieldPath(path, field),
        );
      }
    } else if (type === 'number') {
      if (!Number.isFinite(value))
        throw new RequestRefused('the number is outside what a double can hold', fieldPath(path, field));
    } else if (type !== 'boolean' && value !== null) {
      throw new RequestRefused(
        `a string, number, boolean or null is needed, not ${kindOf(value)}`,
        fieldPath(path, field),
      );
    }
  }
  if (fields > MAX_FIELDS) throw new RequestRefused(`${fields} fields are more than ${MAX_FIELDS}`, path);
}

function inferenceIdOf(raw: RawRow, path: string, served: ServedDefinition): string {
  const given = raw['inference_id'];
  if (given !== undefined && given !== null) {
    if (typeof given !== 'string' || given === '' || given.length > MAX_ID) {
      throw new RequestRefused(`text of 1 to ${MAX_ID} characters is needed`, `${path}.inference_id`);
    }
    return given;
  }
  const id = raw[served.id];
  if (id === undefined || id === null || id === '') return randomUUID();
  const text = String(id);
  if (text.length > MAX_ID) {
    throw new RequestRefused(
      `an id of more than ${MAX_ID} characters needs an inference_id beside it`,
      fieldPath(path, served.id),
    );
  }
  return text;
}

const EARLIEST = Date.UTC(1900, 0, 1);
const LATEST = Date.UTC(2200, 0, 1);
const isoShape = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?(Z|[+-]\d\d(?::?\d\d)?)?$/i;

function eventTimeOf(raw: RawRow, path: string, served: ServedDefinition, receivedAt: number): number {
  const given = raw[served.event_time];
  if (given === undefined || given === null) return receivedAt;
  const ms = typeof given === 'number' ? given : typeof given === 'string' ? parseTime(given) : Number.NaN;
  if (!(ms >= EARLIEST && ms < LATEST)) {
    throw new RequestRefused(
      'a time such as 2013-04-10T12:00:00Z is needed, or milliseconds since 1970, from 1900 to 2199',
      fieldPath(path, served.event_time),
    );
  }
  return Math.trunc(ms);
}

/** Milliseconds of an ISO 8601 time; without a zone it is UTC, as everywhere in hone. NaN for anything else. */
function parseTime(text: string): number {
  const match = isoShape.exec(text);
  if (!match) return Number.NaN;
  const iso = text.replace(' ', 'T');
  if (match[1] === undefined) return Date.parse(iso.includes('T') ? `${iso}Z` : iso);
  return Date.parse(iso.replace(/([+-]\d\d)$/, '$1:00'));
}

function propensityOf(raw: RawRow, path: string): number | null {
  const given = raw['propensity'] ?? null;
  if (given === null) return null;
  if (typeof given !== 'number' || !(given > 0 && given <= 1)) {
    throw new RequestRefused('a probability over 0 and up to 1 is needed', `${path}.propensity`);
  }
  return given;
}

function exploredOf(raw: RawRow, path: string): boolean | null {
  const given = raw['explored'] ?? null;
  if (given !== null && typeof given !== 'boolean')
    throw new RequestRefused('true or false is needed', `${path}.explored`);
  return given;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `${/^[aeiou]/.test(typeof value) ? 'an' : 'a'} ${typeof value}`;
}

/** `rows[3].dest`, or `rows[3]["a b"]` where a name would not read well; long names are cut. */
export function fieldPath(parent: string, field: string): string {
  const name = field.slice(0, 80);
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return parent ? `${parent}.${name}` : name;
  return `${parent}[${JSON.stringify(name)}]`;
}
