/** Features that are a raw column as it is: cast here as the engine casts them, bit for bit, without a call of the engine. */
import type { Connection } from '../engine.ts';
import { expressionParts } from '../user-sql.ts';
import type { CastName } from './casts.ts';
import type { FeatureColumn } from './definition.ts';
import { type Lookups, structField } from './online-lookup.ts';
import { integerTypes } from './raw-json.ts';

/** A raw column, or a field of a lookup, and what it is cast to. */
export interface BareCast {
  readonly source: string;
  readonly as: CastName;
}

/** What a plain name in an expression may mean, and its DuckDB type. */
export interface BareSources {
  readonly raw: Readonly<Record<string, string>>;
  /** Fields of lookups: `airport.city`, `windows.late_7d`. */
  readonly structs: Lookups['structs'];
}

/**
 * @returns undefined when the engine must evaluate it: an expression, or a cast whose rules are the engine's own
 * (decimals, times, numbers as text)
 */
export async function bareCast(
  db: Connection,
  feature: FeatureColumn,
  sources: BareSources,
): Promise<BareCast | undefined> {
  const found = await bareSource(db, feature, sources);
  if (found === undefined) return undefined;
  const { source, type } = found;
  const whole = integerTypes.has(type);
  if (feature.type === 'string') {
    return type === 'VARCHAR' || type === 'BOOLEAN' || whole ? { source, as: 'text' } : undefined;
  }
  if (type === 'BOOLEAN') return { source, as: 'boolean' };
  if (feature.type === 'int32') return whole ? { source, as: 'int32' } : undefined;
  const isNumber = whole || type === 'FLOAT' || type === 'DOUBLE';
  return feature.type === 'float32' && isNumber ? { source, as: 'float32' } : undefined;
}

const NAME = String.raw`([A-Za-z_]\w*|"(?:[^"]|"")+")`;
const path = new RegExp(`^${NAME}(?:\\.${NAME})?$`);

/** The column or field, where the expression is nothing else. */
async function bareSource(db: Connection, { name, expr }: FeatureColumn, { raw, structs }: BareSources) {
  const text = expr.trim();
  const [, first, second] = path.exec(text) ?? [];
  if (first === undefined) return undefined;
  const { columns, classes } = await expressionParts(db, text, `feature "${name}"`);
  if (columns.length !== 1 || classes.some((each) => each !== 'COLUMN_REF')) return undefined; // such as current_date
  if (second === undefined) return pick(new Map(Object.entries(raw)), first, (source) => source);
  const struct = [...structs].find(([known]) => same(known, first));
  return struct && pick(struct[1], second, (field) => structField(struct[0], field));
}

function pick(types: ReadonlyMap<string, string>, written: string, key: (name: string) => string) {
  const found = [...types].find(([known]) => same(known, written));
  return found && { source: key(found[0]), type: found[1] };
}

/** As SQL compares names: without regard to capitals. */
function same(known: string, written: string): boolean {
  const name = written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written;
  return known.toLowerCase() === name.toLowerCase();
}
