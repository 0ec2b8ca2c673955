/** Reads rows that came from outside by the raw columns' types: exact values or a refusal, and as JSON without losing digits. */
import { FeatureRowsInvalid, type FieldProblem } from './errors.ts';

/** A raw value that its type can hold; an integer beyond 2^53 is a bigint, a time is text. */
export type RawExact = string | number | bigint | boolean | null;

/** The rows of one request by column: `columns.get(name)[row]`; values of lookups stand under `structField`. */
export interface RawRows {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, readonly RawExact[]>;
}

const MAX_PROBLEMS = 20;
export const integerTypes: ReadonlyMap<string, readonly [bigint, bigint]> = new Map(
  [8n, 16n, 32n, 64n].flatMap((bits) => {
    const name = { 8: 'TINYINT', 16: 'SMALLINT', 32: 'INTEGER', 64: 'BIGINT' }[Number(bits)] ?? '';
    const signed: [bigint, bigint] = [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
    const unsigned: [bigint, bigint] = [0n, 2n ** bits - 1n];
    return [[name, signed] as const, [`U${name}`, unsigned] as const];
  }),
);

/**
 * @param inputs DuckDB type by column; only these columns are read
 * @throws FeatureRowsInvalid listing up to 20 problems by row and field
 */
export function readRawRows(rows: readonly Record<string, unknown>[], inputs: ReadonlyMap<string, string>): RawRows {
  const problems: FieldProblem[] = [];
  let total = 0;
  const columns = new Map<string, RawExact[]>();
  for (const [name, read] of readersOf(inputs)) {
    const values = new Array<RawExact>(rows.length).fill(null);
    const inherited = name in Object.prototype;
    for (const [row, given] of rows.entries()) {
      const value = inherited && !Object.hasOwn(given, name) ? undefined : given[name];
      if (value === null) continue;
      const exact = value === undefined ? new Refusal('is missing') : read(value);
      if (!(exact instanceof Refusal)) {
        values[row] = exact;
        continue;
      }
      total++;
      if (problems.length < MAX_PROBLEMS) problems.push({ row, field: name, problem: exact.problem });
    }
    columns.set(name, values);
  }
  if (total > 0) throw new FeatureRowsInvalid(problems, total);
  return { rows: rows.length, columns };
}

const readers = new WeakMap<ReadonlyMap<string, string>, readonly (readonly [string, Reader])[]>();

/** Made once for the columns of a model: a request of one row reads each of them once. */
function readersOf(inputs: ReadonlyMap<string, string>): readonly (readonly [string, Reader])[] {
  const known = readers.get(inputs) ?? [...inputs].map(([name, type]) => [name, readerOf(type)] as const);
  readers.set(inputs, known);
  return known;
}

/** A field of the JSON: a column, or a struct of columns (the values of a lookup). `source` is a key of `RawRows.columns`. */
export type JsonField =
  | { readonly name: string; readonly source: string }
  | { readonly name: string; readonly fields: readonly JsonField[] };

/** A JSON array of the objects of rows `[from, to)`; text in it is a value, never structure. */
export function rawRowsJson({ columns }: RawRows, fields: readonly JsonField[], from: number, to: number): string {
  const written = fields.map((field) => writerOf(field, columns));
  const texts: string[] = [];
  for (let row = from; row < to; row++) texts.push(`{${written.map((write) => write(row)).join(',')}}`);
  return `[${texts.join(',')}]`;
}

function writerOf(field: JsonField, columns: RawRows['columns']): (row: number) => string {
  const key = JSON.stringify(field.name);
  if ('fields' in field) {
    const inner = field.fields.map((each) => writerOf(each, columns));
    return (row) => `${key}:{${inner.map((write) => write(row)).join(',')}}`;
  }
  const values = columns.get(field.source) ?? [];
  return (row) => `${key}:${json(values[row] ?? null)}`;
}

function json(value: RawExact): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value)); // from a lookup only
  return Object.is(value, -0) ? '-0.0' : JSON.stringify(value);
}

class Refusal {
  readonly problem: string;
  constructor(problem: string) {
    this.problem = problem;
  }
}

type Reader = (value: unknown) => RawExact | Refusal;

function readerOf(type: string): Reader {
  const bounds = integerTypes.get(type);
  if (bounds) {
    const [least, most] = bounds.map(Number);
    const plain = (value: unknown): value is number =>
      Number.isSafeInteger(value) && (value as number) >= least! && (value as number) <= most!;
    // Most are plain: a bigint for each would cost more than all else of a row. Adding 0 makes -0 a 0.
    return (value) => (plain(value) ? value + 0 : readInteger(value, type, bounds));
  }
  if (/^(FLOAT|DOUBLE|DECIMAL)/.test(type)) return (value) => readNumber(value, type);
  if (type === 'BOOLEAN') return (value) => (typeof value === 'boolean' ? value : unfit('a boolean', value));
  if (/^(TIMESTAMP|DATE)/.test(type)) return (value) => readTime(value, type);
  if (type === 'VARCHAR') return readText;
  return (value) => (isPlain(value) ? value : unfit(type, value));
}

function readInteger(value: unknown, type: string, [least, most]: readonly [bigint, bigint]): RawExact | Refusal {
  if (typeof value === 'number' && !Number.isInteger(value)) return unfit('an integer', value);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    return new Refusal(`is ${value}, beyond 2^53, where numbers lose digits: send it as text`);
  }
  if (typeof value === 'string' && !/^[+-]?\d{1,20}$/.test(value)) return unfit('an integer', value);
  if (typeof value !== 'number' && typeof value !== 'string' && typeof value !== 'bigint')
    return unfit('an integer', value);
  const exact = BigInt(value);
  if (exact < least || exact > most) return new Refusal(`is ${exact}, outside ${type}`);
  const number = Number(exact);
  return Number.isSafeInteger(number) ? number : exact;
}

function readNumber(value: unknown, type: string): RawExact | Refusal {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'number') return unfit('a number', value);
  if (!Number.isFinite(value)) return new Refusal(`is ${value}: send null where it is unknown`);
  if (type === 'FLOAT' && !Number.isFinite(Math.fround(value))) return new Refusal(`is ${value}, outside FLOAT`);
  return value;
}

function readText(value: unknown): RawExact | Refusal {
  if (typeof value !== 'string') return unfit('text', value);
  return /\p{Surrogate}/u.test(value) ? new Refusal('holds half of a character (a lone surrogate)') : value;
}

function readTime(value: unknown, type: string): RawExact | Refusal {
  const time = value instanceof Date || typeof value === 'number' ? new Date(value) : undefined;
  if (time) return Number.isNaN(time.getTime()) ? unfit('a time', value) : time.toISOString();
  if (typeof value !== 'string' || Number.isNaN(Date.parse(value))) return unfit(`a time (${type}, ISO 8601)`, value);
  return value;
}

function isPlain(value: unknown): value is RawExact {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function unfit(wanted: string, value: unknown): Refusal {
  const shown =
    typeof value === 'string'
      ? JSON.stringify(value.slice(0, 40))
      : Array.isArray(value)
        ? 'a list'
        : typeof value === 'object'
          ? 'an object'
          : `${typeof value} ${String(value)}`;
  return new Refusal(`must be ${wanted} or null, but is ${shown}`);
}
