/** The shape of a delivery against what the model file and the past expect: columns, whatever their order, and types. */
import type { ModelConfig } from '../../config/model.ts';
import type { Severity } from '../../config/sections/rules.ts';
import type { Finding } from '../contract.ts';
import { rowsOf } from '../engine.ts';
import { sliceNames } from '../features/slices.ts';
import { quoteName } from '../sql-text.ts';
import { isNumeric, isTime, mayHold } from './column-types.ts';
import type { ValidationContext } from './context.ts';
import { examplesOf } from './examples.ts';
import { wholeGradeOf } from './grades.ts';
import { type Candidate, guessRename, type Missing } from './rename.ts';
import { configuredChecks } from './row-checks.ts';
import { counted, percent, showName, showNames } from './shown.ts';

/** From this share of numbers on, what else is in a text column is the exception that is told. */
const MOSTLY = 0.5;

/** A missing column rejects: no rule and no feature that needs it can run. */
export async function shapeFindings(context: ValidationContext): Promise<Finding[]> {
  const missing = [...neededColumns(context.config)].filter(([name]) => !context.columns.has(name));
  const lost = listedColumns(context.config).filter(({ name }) => !context.columns.has(name));
  const findings: Finding[] = [];
  for (const [name, why] of missing) findings.push(await missingColumn(context, name, why, 'reject'));
  const unused = wholeGradeOf(context.config, 'extra_column');
  for (const name of unused ? goneColumns(context) : []) {
    findings.push(await missingColumn(context, name, 'was delivered before', 'warn'));
  }
  for (const { name, severity } of lost) {
    if (!missing.some(([each]) => each === name)) {
      findings.push(await missingColumn(context, name, 'a rule lists', severity));
    }
  }
  return [...findings, ...extraColumns(context), ...(await wrongTypes(context))];
}

/** Columns without which validation or training stops, and who names them. */
function neededColumns(config: ModelConfig): Map<string, string> {
  const { rules } = config.data;
  const ruled = rules.flatMap((rule) => {
    if ('columns' in rule) return [];
    if ('references' in rule) return [rule.references.column];
    return 'column' in rule ? [rule.column] : 'unique' in rule ? rule.unique : [];
  });
  const sliced = sliceNames(config).filter((name) => !config.features.sql[name]);
  const used = config.features.use.map((name): [string, string] => [name, 'features.use names']);
  return new Map([
    ...sliced.map((name): [string, string] => [name, 'gate.slices or gate.fairness names']),
    ...ruled.map((name): [string, string] => [name, 'a rule names']),
    ...used,
  ]);
}

function listedColumns(config: ModelConfig): { name: string; severity: 'reject' | 'warn' }[] {
  return config.data.rules.flatMap((rule) =>
    'columns' in rule ? rule.columns.map((name) => ({ name, severity: rule.severity })) : [],
  );
}

/** Whoever names a column in the model file knows it. */
export function namedColumns(config: ModelConfig): Set<string> {
  const { id, entity, event_time: eventTime, label, outcomes } = config.data;
  const roles = [id, entity, eventTime, label.column, label.available_at, ...outcomes].filter((name) => name !== null);
  return new Set([...roles, ...neededColumns(config).keys(), ...listedColumns(config).map(({ name }) => name)]);
}

async function missingColumn(
  context: ValidationContext,
  name: string,
  why: string,
  severity: 'reject' | 'warn',
): Promise<Finding> {
  const { db, config, raw, expected, columns, pastColumns } = context;
  const named = namedColumns(config);
  const candidates = raw.columns.filter((column) => !named.has(column.name) && !expected?.has(column.name));
  const type = pastColumns.get(name) ?? expected?.get(name) ?? expectedType(config, name);
  const past = pastColumns.has(name) ? 'past' : null;
  const guess = await guessRename(db, missingOf(config, name, type), candidates, 'raw', past);
  const common = { column: name, severity, count: raw.rows, share: 1, limit: 'present', examples: [] };
  const what = `The delivery has no column ${showName(name)}, which ${why}`;
  if (guess === null) {
    const cure = 'Restore it in the source, or take it out of the model file (capitals count).';
    return {
      ...common,
      rule: 'column_missing',
      sentence: `${what}. It has: ${showNames([...columns.keys()])}. ${cure}`,
    };
  }
  const sentence = `${what}; it looks renamed to ${showName(guess.name)} (${guess.why}). Rename it back in the source, or in the model file.`;
  return { ...common, rule: 'column_renamed', sentence };
}

/** Columns that were delivered before and that nobody names. */
function goneColumns({ config, expected, columns }: ValidationContext): string[] {
  const named = namedColumns(config);
  return [...(expected?.keys() ?? [])].filter((name) => !columns.has(name) && !named.has(name));
}

/** What the model file alone says of a column's type, as a DuckDB type that stands for its kind. */
function expectedType(config: ModelConfig, name: string): string | null {
  if (config.features.categories.columns.includes(name)) return 'VARCHAR';
  return config.features.use.includes(name) ? 'DOUBLE' : null;
}

/** A column with those of its rules that tell what its values look like. */
function missingOf(config: ModelConfig, name: string, type: string | null): Missing {
  const rules = config.data.rules.flatMap((rule) =>
    'column' in rule && rule.column === name && ('between' in rule || 'in' in rule || 'matches' in rule) ? [rule] : [],
  );
  const holds = (candidate: Candidate) =>
    configuredChecks(
      rules.map((rule) => ({ ...rule, column: candidate.name })),
      new Map([[candidate.name, candidate.type]]),
    )
      .map(({ wrong }) => `NOT (${wrong})`)
      .join(' AND ');
  return { name, type, holds: rules.length === 0 ? null : holds };
}

function extraColumns({ config, expected, columns }: ValidationContext): Finding[] {
  const named = namedColumns(config);
  const extra = (known: ReadonlyMap<string, string> | null) =>
    [...columns.keys()].filter((name) => !known?.has(name) && !named.has(name));
  const [strict] = listedColumns(config);
  if (strict) {
    const cure = 'Take it out of the source, or add it to the rule `columns`.';
    return extraColumn(extra(null), columns.size, strict.severity, 'the columns that the rule lists', cure);
  }
  const grade = wholeGradeOf(config, 'extra_column');
  if (grade === null || expected === null) return [];
  const cure = 'It is ignored until the model file names it; look for columns that were renamed.';
  return extraColumn(extra(expected), columns.size, grade, 'the columns of the delivery before', cure);
}

function extraColumn(
  names: readonly string[],
  columns: number,
  severity: Severity,
  limit: string,
  cure: string,
): Finding[] {
  const [first] = names;
  if (first === undefined) return [];
  const column = names.length === 1 ? first : null;
  const sentence = `${counted(names.length, 'column')} came that nobody asked for: ${showNames(names)}. ${cure}`;
  const [count, share] = [names.length, names.length / columns];
  return [{ rule: 'extra_column', column, severity, count, share, limit, examples: [], sentence }];
}

async function wrongTypes(context: ValidationContext): Promise<Finding[]> {
  const { config, columns } = context;
  const categories = new Set(config.features.categories.columns);
  const findings: Finding[] = [];
  for (const column of config.features.use) {
    const type = columns.get(column);
    if (type === undefined || categories.has(column) || isNumeric(type)) continue;
    findings.push(
      type === 'VARCHAR' ? await textNumbers(context, column) : wrongType(context, column, type, 'number', 'reject'),
    );
  }
  for (const rule of config.data.rules) {
    if (!('column' in rule)) continue;
    const type = columns.get(rule.column);
    if (type === undefined || findings.some(({ column }) => column === rule.column)) continue;
    if ('type' in rule && rule.type === 'timestamp' && isNumeric(type))
      findings.push(await epochTime(context, rule.column, type, rule.severity));
    else if ('type' in rule && !isOf(type, rule.type))
      findings.push(wrongType(context, rule.column, type, rule.type, rule.severity));
    else if ('between' in rule && !isNumeric(type) && type !== 'VARCHAR')
      findings.push(wrongType(context, rule.column, type, 'number', rule.severity));
  }
  return findings;
}

function isOf(type: string, wanted: Parameters<typeof mayHold>[1]): boolean {
  if (wanted === 'timestamp' && isTime(type)) return true;
  if (wanted === 'boolean' && type === 'BOOLEAN') return true;
  if (wanted === 'number' && isNumeric(type) && type !== 'BOOLEAN') return true;
  return mayHold(type, wanted);
}

function wrongType({ raw }: ValidationContext, column: string, type: string, wanted: string, given: Severity): Finding {
  const severity = given === 'quarantine' ? 'reject' : given; // of a whole column no row would be left
  const sentence = `Column ${showName(column)} is ${type}, not ${wanted}. Mend the source; a category belongs under features.categories.columns.`;
  return { rule: 'type', column, severity, count: raw.rows, share: 1, limit: wanted, examples: [], sentence };
}

/** A number that was delivered as text: all of it, or some values among numbers. */
async function textNumbers(context: ValidationContext, column: string): Promise<Finding> {
  const { db, raw } = context;
  const name = quoteName(column);
  const wrong = `${name} IS NOT NULL AND TRY_CAST(${name} AS DOUBLE) IS NULL`;
  const [found] = await rowsOf(db, `SELECT count(${name}) AS n, count(*) FILTER (WHERE ${wrong}) AS bad FROM raw`);
  const [known, bad] = [Number(found?.['n']), Number(found?.['bad'])];
  const some = bad > 0 && bad < known * (1 - MOSTLY);
  const count = some ? bad : raw.rows;
  const share = raw.rows === 0 ? 0 : count / raw.rows;
  const common = { rule: 'type', column, severity: 'reject' as const, count, share, limit: 'number' };
  const cure =
    'Mend the source; a category belongs under features.categories.columns, and features.sql can make a number from it.';
  if (some) {
    const sentence = `Feature ${showName(column)} should be a number, but ${counted(bad, 'value')} (${percent(share)}) ${bad === 1 ? 'is' : 'are'} text. ${cure}`;
    return { ...common, ...(await examplesOf(context, wrong, column)), sentence };
  }
  const how = bad === 0 && known > 0 ? 'numbers written as text' : 'text';
  return {
    ...common,
    examples: [],
    sentence: `Feature ${showName(column)} should be a number, but is delivered as ${how}. ${cure}`,
  };
}

async function epochTime(context: ValidationContext, column: string, type: string, given: Severity): Promise<Finding> {
  const [found] = await rowsOf(context.db, `SELECT median(${quoteName(column)})::DOUBLE AS middle FROM raw`);
  const finding = wrongType(context, column, type, 'timestamp', given);
  const unit = epochUnit(Number(found?.['middle']));
  if (unit === null) return finding;
  const sentence = `Column ${showName(column)} is ${type}, not timestamp: its values look like ${unit} since 1970. Cast it in the source, for example with a source of type sql.`;
  return { ...finding, sentence };
}

/** The unit in which a number lies between 1990 and 2100, or null. */
export function epochUnit(value: number): string | null {
  const units = [
    ['seconds', 1],
    ['milliseconds', 1e3],
    ['microseconds', 1e6],
    ['nanoseconds', 1e9],
  ] as const;
  return units.find(([, perSecond]) => value / perSecond > 631e6 && value / perSecond < 4102e6)?.[0] ?? null;
}
