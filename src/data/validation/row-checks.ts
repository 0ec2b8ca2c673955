/** Configured rules about single rows: for each, which rows are wrong and how many may be. */
import type { Rule, Severity } from '../../config/sections/rules.ts';
import { quoteName, quoteNumber, quoteText } from '../sql-text.ts';
import { isInteger, isNumeric, isOfType } from './column-types.ts';
import { percent, showCode, showValue } from './shown.ts';
import type { ColumnStatistics } from './statistics.ts';

export interface RowCheck {
  /** Short name, such as `between` or `label_before_event`. */
  readonly rule: string;
  readonly column: string | null;
  readonly severity: Severity;
  /** SQL condition of a wrong row. NULL counts as right, as in a CHECK constraint. */
  readonly wrong: string;
  /** Share of wrong rows that is still accepted; 0 where it is not said. */
  readonly tolerate: number;
  /** The limit, as a person reads it. */
  readonly limit: string;
  readonly cure: string;
  /** What stands before the count, such as "are outside 0 to 5". */
  readonly what?: string;
  /** Whether a Parquet footer already proves that no row is wrong. */
  readonly proven?: (statistics: ColumnStatistics) => boolean;
}

type Condition = Omit<RowCheck, 'severity' | 'tolerate'> & { readonly tolerate?: number };

/** Rules about whole columns, keys and other tables are not among them. */
export function configuredChecks(rules: readonly Rule[], types: ReadonlyMap<string, string>): RowCheck[] {
  return rules.flatMap((rule) => {
    const condition = conditionOf(rule, types);
    return condition ? [{ severity: rule.severity, tolerate: 0, ...condition }] : [];
  });
}

function conditionOf(rule: Rule, types: ReadonlyMap<string, string>): Condition | null {
  if ('sql' in rule) {
    const cure = 'Look at the examples in the report; mend the source, or the rule in the model file.';
    return { rule: 'sql', column: null, wrong: `NOT (${rule.sql}\n)`, limit: showCode(rule.sql), cure };
  }
  if (!('column' in rule)) return null;
  const type = types.get(rule.column) ?? 'VARCHAR';
  if ('between' in rule) return between(rule, type);
  if ('in' in rule) return oneOf(rule, type);
  if ('matches' in rule) return matches(rule, type);
  if ('missing_at_most' in rule) return missing(rule);
  return 'type' in rule ? typed(rule, type) : null;
}

/** Integers stay integers: compared as DOUBLE, those beyond 2^53 would be rounded. */
function between({ column, between: [least, most] }: Extract<Rule, { between: unknown }>, type: string): Condition {
  const whole = isInteger(type) && Number.isInteger(least) && Number.isInteger(most);
  const [low, high] = whole ? [`(${least})`, `(${most})`] : [quoteNumber(least), quoteNumber(most)];
  const name = quoteName(column);
  const outside = (value: string) => `${value} NOT BETWEEN ${low} AND ${high}`;
  return {
    rule: 'between',
    column,
    wrong: isNumeric(type)
      ? outside(name)
      : `${name} IS NOT NULL AND coalesce(${outside(`TRY_CAST(${name} AS DOUBLE)`)}, true)`,
    limit: `${least} to ${most}`,
    what: `are not within ${least} to ${most}`,
    cure: 'Mend the source, or widen the range.',
    proven: ({ least: smallest, most: largest }) =>
      whole &&
      smallest !== null &&
      largest !== null &&
      BigInt(smallest) >= BigInt(least) &&
      BigInt(largest) <= BigInt(most),
  };
}

function oneOf({ column, in: values }: Extract<Rule, { in: unknown }>, type: string): Condition {
  const numbers = values.filter((value) => typeof value === 'number');
  const asNumbers = isNumeric(type) && type !== 'BOOLEAN' && numbers.length === values.length;
  const value = asNumbers || type === 'VARCHAR' ? quoteName(column) : `CAST(${quoteName(column)} AS VARCHAR)`;
  const list = asNumbers ? numbers.map((each) => `(${each})`) : values.map((each) => quoteText(String(each)));
  const shown = values.slice(0, 8).map(showValue).join(', ');
  return {
    rule: 'in',
    column,
    wrong: `${value} NOT IN (${list.join(', ')})`,
    limit: values.length > 8 ? `${shown}, … (${values.length} values)` : shown,
    what: `are none of the ${values.length} values that the rule allows`,
    cure: 'Mend the source, or add the new value to the rule.',
  };
}

/** RE2: linear in the length of the value whatever the pattern is. */
function matches({ column, matches: pattern }: Extract<Rule, { matches: unknown }>, type: string): Condition {
  const value = type === 'VARCHAR' ? quoteName(column) : `CAST(${quoteName(column)} AS VARCHAR)`;
  return {
    rule: 'matches',
    column,
    wrong: `NOT regexp_full_match(${value}, ${quoteText(pattern)})`,
    limit: showCode(pattern),
    what: `do not match ${showCode(pattern)} from end to end`,
    cure: 'Mend the source, or the pattern in the rule.',
  };
}

function missing({ column, missing_at_most: most }: Extract<Rule, { missing_at_most: unknown }>): Condition {
  return {
    rule: 'missing_at_most',
    column,
    wrong: `${quoteName(column)} IS NULL`,
    tolerate: most,
    limit: `at most ${percent(most)} missing`,
    what: `are missing, and at most ${percent(most)} may be`,
    cure: 'Ask the producer of this column why it is missing, or raise the limit.',
    proven: ({ nulls }) => nulls === 0,
  };
}

function typed({ column, type: wanted }: Extract<Rule, { type: unknown }>, type: string): Condition | null {
  if (isOfType(type, wanted)) return null;
  const name = quoteName(column);
  const tests: Partial<Record<string, string>> = {
    integer: isNumeric(type)
      ? `NOT isfinite(${name}::DOUBLE) OR ${name} <> trunc(${name})`
      : `NOT regexp_full_match(${name}, '\\s*[+-]?\\d+\\s*')`,
    number: `${name} IS NOT NULL AND TRY_CAST(${name} AS DOUBLE) IS NULL`,
    timestamp: `${name} IS NOT NULL AND TRY_CAST(${name} AS TIMESTAMPTZ) IS NULL`,
    boolean: `${name} IS NOT NULL AND TRY_CAST(${name} AS BOOLEAN) IS NULL`,
  };
  const wrong = tests[wanted];
  if (wrong === undefined) return null;
  const cure = 'Mend the source, or the type in the rule.';
  return { rule: 'type', column, wrong, limit: wanted, what: `cannot be read as ${wanted}`, cure };
}
