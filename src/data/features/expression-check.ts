/** Refuses feature expressions that could mean something else online than offline, before any of them runs. */
import { type Connection, rowsOf } from '../engine.ts';
import { UserSqlFailed } from '../errors.ts';
import { expressionParts } from '../user-sql.ts';
import type { FeatureDefinition } from './definition.ts';
import { VisibleColumns } from './visible-columns.ts';
import { checkWindow, refuseClasses } from './window-check.ts';

/**
 * @param columns raw columns that are there, with the hidden ones (label, outcomes) left in
 * @returns raw columns that a row must have to get its features, keys of joins and windows included, in first-use order
 * @throws UserSqlFailed for syntax, unknown or hidden columns, aggregates, windows, subqueries, and functions whose
 * value changes from call to call (clock, random numbers)
 */
export async function checkExpressions(
  db: Connection,
  definition: FeatureDefinition,
  columns: readonly string[],
): Promise<string[]> {
  const unfit = await functionsRefused(db);
  const visible = new VisibleColumns(definition, columns);
  const read = new Set<string>();
  for (const { name, expr } of definition.columns) {
    const where = `feature "${name}"`;
    const parts = await expressionParts(db, expr, where);
    refuseClasses(parts, where);
    for (const each of parts.functions) {
      const problem = unfit.get(each);
      if (problem) throw new UserSqlFailed(where, `${each}() ${problem}`);
    }
    for (const path of parts.paths) for (const column of visible.read(path, where)) read.add(column);
  }
  for (const window of definition.windows ?? []) await checkWindow(db, window, visible, unfit);
  return [...read];
}

async function functionsRefused(db: Connection): Promise<Map<string, string>> {
  const rows = await rowsOf(
    db,
    `SELECT function_name AS name, bool_or(function_type = 'aggregate') AS aggregate FROM duckdb_functions()
     WHERE function_type IN ('aggregate', 'table') OR stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')
     GROUP BY 1`,
  );
  const scalar = await rowsOf(
    db,
    "SELECT DISTINCT function_name AS name FROM duckdb_functions() WHERE function_type IN ('scalar', 'macro') AND coalesce(stability, 'CONSISTENT') = 'CONSISTENT'",
  );
  const usable = new Set(scalar.map(({ name }) => String(name)));
  return new Map(
    rows
      .filter(({ name }) => !usable.has(String(name)))
      .map(({ name, aggregate }) => [
        String(name),
        aggregate
          ? 'is an aggregate over rows, which are not there when one row is scored'
          : 'gives another value at another time, so training and serving would differ',
      ]),
  );
}
