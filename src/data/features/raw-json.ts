/** Checks rows that came from outside against the raw columns' types, and writes them as JSON without losing digits. */
import { FeatureRowsInvalid, type FieldProblem } from './errors.ts';

const MAX_PROBLEMS = 20;
const integers: Record<string, [bigint, bigint]> = {
  TINYINT: [-(2n ** 7n), 2n ** 7n - 1n],
  SMALLINT: [-(2n ** 15n), 2n ** 15n - 1n],
  INTEGER: [-(2n ** 31n), 2n ** 31n - 1n],
  BIGINT: [-(2n ** 63n), 2n ** 63n - 1n],
  UTINYINT: [0n, 2n ** 8n - 1n],
  USMALLINT: [0n, 2n ** 16n - 1n],
  UINTEGER: [0n, 2n ** 32n - 1n],
  UBIGINT: [0n, 2n ** 64n - 1n],
};

/**
 * @param inputs DuckDB type by column; only these columns are written
 * @returns a JSON array of objects
 * @throws FeatureRowsInvalid listing up to 20 problems by row and field
 */
export function rawRowsJson(rows: readonly Record<string, unknown>[], inputs: ReadonlyMap<string, string>): string {
  const problems: FieldProblem[] = [];
  let total = 0;
  const columns = [...inputs].map(([name, type]) => ({ name, key: JSON.stringify(name), write: writerOf(type) }));
  const texts = rows.map((given, row) => {
    const fields = columns.map(({ name, key, write }) => {
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      const written = value === null ? 'null' : value === undefined ? new Refusal('is missing') : write(value);
      if (typeof written === 'string') return `${key}:${written}`;
      total++;
      if (problems.length < MAX_PROBLEMS) problems.push({ row, field: name, problem: written.problem });
      return '';
    });
    return `{${fields.join(',')}}`;
  });
  if (total > 0) throw new FeatureRowsInvalid(problems, total);
  return `[${texts.join(',')}]`;
}

class Refusal {
  readonly problem: string;
  constructor(problem: string) {
    this.problem = problem;
  }
}

type Writer = (value: unknown) => string | Refusal;

function writerOf(type: string): Writer {
  if (integers[type]) return (value) => writeInteger(value, type);
  if (/^(FLOAT|DOUBLE|DECIMAL)/.test(type)) return writeNumber;
  if (type === 'BOOLEAN') return (value) => (typeof value === 'boolean' ? String(value) : unfit('a boolean', value));
  if (/^(TIMESTAMP|DATE)/.test(type)) return (value) => writeTime(value, type);
  if (type === 'VARCHAR') return (value) => (typeof value === 'string' ? JSON.stringify(value) : unfit('text', value));
  return (value) => JSON.stringify(value) ?? unfit(type, value);
}

function writeInteger(value: unknown, type: string): string | Refusal {
  const [least, most] = integers[type] as [bigint, bigint];
  if (typeof value === 'number' && !Number.isInteger(value)) return unfit('an integer', value);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    return new Refusal(`is ${value}, beyond 2^53, where numbers lose digits: send it as text`);
  }
  if (typeof value === 'string' && !/^[+-]?\d{1,20}$/.test(value)) return unfit('an integer', value);
  if (typeof value !== 'number' && typeof value !== 'string' && typeof value !== 'bigint')
    return unfit('an integer', value);
  const exact = BigInt(value);
  return exact < least || exact > most ? new Refusal(`is ${exact}, outside ${type}`) : String(exact);
}

function writeNumber(value: unknown): string | Refusal {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'number') return unfit('a number', value);
  return Number.isFinite(value) ? JSON.stringify(value) : new Refusal(`is ${value}: send null where it is unknown`);
}

function writeTime(value: unknown, type: string): string | Refusal {
  const time = value instanceof Date || typeof value === 'number' ? new Date(value) : undefined;
  if (time) return Number.isNaN(time.getTime()) ? unfit('a time', value) : JSON.stringify(time.toISOString());
  if (typeof value !== 'string' || Number.isNaN(Date.parse(value))) return unfit(`a time (${type}, ISO 8601)`, value);
  return JSON.stringify(value);
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
