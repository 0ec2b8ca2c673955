/** The checks that one scan answers: for each, which rows are wrong and how many may be. */
import type { ModelConfig } from '../../config/model.ts';
import type { Rule, Severity } from '../../config/sections/data.ts';
import { quoteInstant, quoteName, quoteNumber, quoteText } from '../sql-text.ts';

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
}

const numericType =
  /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT|FLOAT|DOUBLE|DECIMAL.*|BOOLEAN)$/;

/** Whether a column of this DuckDB type can be a numeric feature. */
export function isNumeric(type: string): boolean {
  return numericType.test(type);
}

/** Whether a column of this DuckDB type already is what a `type` rule asks for; text is tried value by value. */
export function isOfType(type: string, wanted: Extract<Rule, { type: string }>['type']): boolean {
  if (wanted === 'integer') return /INT/.test(type);
  if (wanted === 'number') return isNumeric(type) && type !== 'BOOLEAN';
  if (wanted === 'timestamp') return /^(TIMESTAMP|DATE)/.test(type);
  if (wanted === 'boolean') return type === 'BOOLEAN';
  return type === 'VARCHAR';
}

const castTarget = {
  integer: 'HUGEINT',
  number: 'DOUBLE',
  string: 'VARCHAR',
  timestamp: 'TIMESTAMPTZ',
  boolean: 'BOOLEAN',
};

/** Configured rules that look at one row; `unique` rules are not among them. */
export function configuredChecks(config: ModelConfig): RowCheck[] {
  return config.data.rules.flatMap((rule) => {
    const check = checkOf(rule);
    return check ? [{ severity: rule.severity, tolerate: 0, ...check }] : [];
  });
}

function checkOf(rule: Rule): (Omit<RowCheck, 'severity' | 'tolerate'> & { tolerate?: number }) | null {
  if ('unique' in rule) return null;
  if ('sql' in rule) {
    const cure = 'Look at the examples in the report; mend the source, or the rule in the model file.';
    return { rule: 'sql', column: null, wrong: `NOT (${rule.sql}\n)`, limit: rule.sql, cure };
  }
  const { column } = rule;
  const name = quoteName(column);
  if ('between' in rule) {
    const [least, most] = rule.between;
    const wrong = `NOT (${name} BETWEEN ${quoteNumber(least)} AND ${quoteNumber(most)})`;
    return {
      rule: 'between',
      column,
      wrong,
      limit: `${least} to ${most}`,
      cure: 'Mend the source, or widen the range.',
    };
  }
  if ('in' in rule) {
    const wrong = `CAST(${name} AS VARCHAR) NOT IN (${rule.in.map((value) => quoteText(String(value))).join(', ')})`;
    return { rule: 'in', column, wrong, limit: rule.in.join(', '), cure: 'Mend the source, or add the new value.' };
  }
  if ('missing_at_most' in rule) {
    const limit = `at most ${percent(rule.missing_at_most)} missing`;
    const cure = 'Ask the producer of this column why it is missing, or raise the limit.';
    return { rule: 'missing_at_most', column, wrong: `${name} IS NULL`, tolerate: rule.missing_at_most, limit, cure };
  }
  const wrong = `${name} IS NOT NULL AND TRY_CAST(CAST(${name} AS VARCHAR) AS ${castTarget[rule.type]}) IS NULL`;
  return { rule: 'type', column, wrong, limit: rule.type, cure: 'Mend the source, or the type in the rule.' };
}

/** What is checked without being asked for. */
export function inferredChecks(config: ModelConfig, types: ReadonlyMap<string, string>, asOf: string): RowCheck[] {
  const { id, event_time: eventTime, label } = config.data;
  const [time, outcome] = [quoteName(eventTime), quoteName(label.column)];
  const checks: RowCheck[] = [
    {
      rule: 'id_missing',
      column: id,
      severity: 'reject',
      wrong: `${quoteName(id)} IS NULL`,
      tolerate: 0,
      limit: 'every row has an id',
      cure: 'Labels could not be joined: give every row an id.',
    },
    {
      rule: 'future_event',
      column: eventTime,
      severity: 'reject',
      wrong: `${time} >= ${quoteInstant(asOf)}`,
      tolerate: 0,
      limit: `before ${asOf}`,
      cure: 'Rows from after as_of would leak the future: ingest again with the right as_of.',
    },
  ];
  if (label.available_at !== null) {
    const at = quoteName(label.available_at);
    const common = { column: label.available_at, tolerate: 0 };
    checks.push(
      {
        ...common,
        rule: 'future_label',
        severity: 'reject',
        wrong: `${at} > ${quoteInstant(asOf)} AND ${outcome} IS NOT NULL`,
        limit: `not after ${asOf}`,
        cure: 'Labels from after as_of would leak the future: ingest again with the right as_of.',
      },
      {
        ...common,
        rule: 'label_before_event',
        severity: 'warn',
        wrong: `${at} < ${time}`,
        limit: 'not before the event',
        cure: 'A label that is older than its event is no outcome of it: check both times in the source.',
      },
      {
        ...common,
        rule: 'label_without_time',
        severity: 'warn',
        wrong: `${at} IS NULL AND ${outcome} IS NOT NULL`,
        limit: 'every label says when it became available',
        cure: 'Replays count such labels as known from the start: fill the column.',
      },
    );
  }
  for (const column of config.features.use) {
    if (!/^(FLOAT|DOUBLE)$/.test(types.get(column) ?? '')) continue;
    const name = quoteName(column);
    checks.push({
      rule: 'not_finite',
      column,
      severity: 'warn',
      wrong: `isinf(${name}) OR isnan(${name})`,
      tolerate: 0,
      limit: 'finite or null',
      cure: 'Write null for an unknown value; an infinite one is usually a division by zero in the source.',
    });
  }
  return checks;
}

/** `0.305` as `30.5 %`. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
