/** Columns that know the answer: in the sample, one of them (or the difference of two) all but gives the label. */
import { type Connection, rowsOf } from '../engine.ts';
import { quoteName, quoteNumber, quoteText } from '../sql-text.ts';
import { aucSql } from '../validation/leakage/skill.ts';
import type { ColumnSummary } from './contract.ts';
import type { Chosen, LabelRole } from './roles-contract.ts';
import { knownTogether } from './time-roles.ts';

/** No honest feature alone reaches it in the data that we know; a copy of the label has 1. */
const TOO_WELL = 0.98;
const MOST_PAIRS = 60;
const FEW_LEVELS = 50;

/** @param columns those that could be features: numbers, booleans and texts */
export async function outcomesAmong(
  db: Connection,
  columns: readonly ColumnSummary[],
  label: LabelRole,
): Promise<Chosen[]> {
  const found: Chosen[] = [];
  const alone = new Map<string, number>();
  for (const column of columns) {
    if (label.known < 1 && column.missing > 0 && (await knownTogether(db, column.name, label.column))) {
      found.push({ column: column.name, why: `known exactly where ${label.column} is, so it comes with it` });
      continue;
    }
    const absence =
      column.missing > 0 && label.task === 'binary' ? await areaUnder(db, missing(column.name), label) : 0;
    if (absence >= TOO_WELL) {
      const area = `${measure(label)} ${absence.toFixed(3)}`;
      found.push({ column: column.name, why: `whether it is missing gives ${label.column} away (${area})` });
      continue;
    }
    const power = await powerOf(db, column, label);
    alone.set(column.name, power);
    if (power >= TOO_WELL)
      found.push({
        column: column.name,
        why: `${measure(label)} ${power.toFixed(3)} alone: too good to be known beforehand`,
      });
  }
  const rest = columns.filter(({ name, kind }) => kind === 'number' && !found.some((each) => each.column === name));
  return label.task === 'binary' ? [...found, ...(await differences(db, rest, label, alone))] : found;
}

/** A label that is "this is more than that" is given by a difference: of the two, the better one alone is taken. */
async function differences(
  db: Connection,
  columns: readonly ColumnSummary[],
  label: LabelRole,
  alone: ReadonlyMap<string, number>,
): Promise<Chosen[]> {
  const found = new Map<string, Chosen>();
  const pairs = columns.flatMap((a, i) =>
    columns.slice(i + 1).flatMap((b) => (areRelated(a.name, b.name) ? [[a.name, b.name] as const] : [])),
  );
  for (const [a, b] of pairs.slice(0, MOST_PAIRS)) {
    if (found.has(a) || found.has(b)) continue;
    const power = await areaUnder(db, `${quoteName(a)}::DOUBLE - ${quoteName(b)}::DOUBLE`, label);
    if (power < TOO_WELL) continue;
    const [column, other] = (alone.get(a) ?? 0) >= (alone.get(b) ?? 0) ? [a, b] : [b, a];
    found.set(column, {
      column,
      why: `with ${other} it gives ${label.column} away (ROC AUC ${power.toFixed(3)} of their difference)`,
    });
  }
  return [...found.values()];
}

function areRelated(a: string, b: string): boolean {
  const words = (name: string) =>
    new Set(
      name
        .toLowerCase()
        .split(/[^a-z]+/)
        .filter((word) => word.length >= 4),
    );
  const others = words(b);
  return [...words(a)].some((word) => others.has(word));
}

const measure = ({ task }: LabelRole) => (task === 'binary' ? 'ROC AUC' : 'correlation');

async function powerOf(
  db: Connection,
  { name, kind, distinct, exact }: ColumnSummary,
  label: LabelRole,
): Promise<number> {
  if (kind === 'text' && !(exact && distinct <= FEW_LEVELS)) return 0;
  if (label.task === 'regression') {
    if (kind !== 'number') return 0;
    const [row] = await rowsOf(db, `SELECT abs(corr(${finite(name)}, ${finite(label.column)})) AS r FROM sample`);
    return Number(row?.['r'] ?? 0) || 0;
  }
  if (kind === 'number') return await areaUnder(db, `${quoteName(name)}::DOUBLE`, label);
  const rate = `(SELECT ${quoteName(name)} AS "hone:level", avg(${isPositive(label)}::INT) AS "hone:rate" FROM sample GROUP BY 1)`;
  return await areaUnder(db, '"hone:rate"', label, `sample JOIN ${rate} ON ${quoteName(name)} = "hone:level"`);
}

/** Area under the ROC curve or its mirror image, whichever is greater; ties count half (Mann and Whitney 1947). */
async function areaUnder(db: Connection, score: string, label: LabelRole, from = 'sample'): Promise<number> {
  const scored = `SELECT score, y::INT AS target FROM (SELECT ${score} AS score, ${isPositive(label)} AS y FROM ${from})
    WHERE score IS NOT NULL AND NOT isnan(score) AND y IS NOT NULL`;
  const [row] = await rowsOf(db, aucSql(scored));
  const area = row?.['first'];
  return typeof area === 'number' && !Number.isNaN(area) ? Math.max(area, 1 - area) : 0;
}

function isPositive({ column, positive }: LabelRole): string {
  const name = quoteName(column);
  return typeof positive === 'number'
    ? `(${name}::DOUBLE = ${quoteNumber(positive)})`
    : `(${name}::VARCHAR = ${quoteText(String(positive))})`;
}

const missing = (name: string): string => `(${quoteName(name)} IS NULL)::INT::DOUBLE`;

function finite(name: string): string {
  return `CASE WHEN isfinite(${quoteName(name)}::DOUBLE) THEN ${quoteName(name)}::DOUBLE END`;
}
