/** What DuckDB's types mean for a rule or a feature. */
import type { Rule } from '../../config/sections/rules.ts';

export type WantedType = Extract<Rule, { type: string }>['type'];

const integerType = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/;
const numericType = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL.*|BOOLEAN)$/;

export function isInteger(type: string): boolean {
  return integerType.test(type);
}

/** Whether a column of this type can be a numeric feature. */
export function isNumeric(type: string): boolean {
  return numericType.test(type);
}

export function isTime(type: string): boolean {
  return /^(TIMESTAMP|DATE)/.test(type);
}

/** Whether every value of a column of this type is what a `type` rule asks for. */
export function isOfType(type: string, wanted: WantedType): boolean {
  if (wanted === 'integer') return isInteger(type);
  if (wanted === 'number') return isNumeric(type) && type !== 'BOOLEAN';
  if (wanted === 'timestamp') return isTime(type);
  if (wanted === 'boolean') return type === 'BOOLEAN';
  return type === 'VARCHAR';
}

/** Whether it depends on the values: text may hold anything, and a DOUBLE may hold whole numbers (pandas with nulls). */
export function mayHold(type: string, wanted: WantedType): boolean {
  if (wanted === 'string') return type === 'VARCHAR';
  if (type === 'VARCHAR') return true;
  return wanted === 'integer' && isNumeric(type) && type !== 'BOOLEAN';
}
