/** What the expression of a window may be: one aggregate whose value does not depend on the order of its rows. */
import type { Connection } from '../engine.ts';
import { UserSqlFailed } from '../errors.ts';
import { type ExpressionParts, expressionParts } from '../user-sql.ts';
import type { FeatureWindow } from './definition.ts';
import type { VisibleColumns } from './visible-columns.ts';

const refused: Record<string, string> = {
  WINDOW: 'a window function looks at other rows, which are not there when one row is scored',
  SUBQUERY: 'a subquery looks at other rows or tables, which are not there when one row is scored',
  POSITIONAL_REFERENCE: '#1 means another column when the source changes',
  PARAMETER: 'there is nothing to bind a parameter to',
  STAR: '* takes all columns, whatever they are',
};

/** Rows of one instant have no order, so `first`, `list` or `arg_max` could differ from run to run. */
const aggregates = new Set(
  ['count', 'count_star', 'count_if', 'countif', 'sum', 'avg', 'mean', 'min', 'max', 'median'].concat(
    ['quantile_cont', 'quantile_disc', 'stddev', 'stddev_samp', 'stddev_pop', 'variance', 'var_samp', 'var_pop'],
    ['bool_and', 'bool_or'],
  ),
);

/** @throws UserSqlFailed */
export function refuseClasses({ classes }: ExpressionParts, where: string): void {
  for (const kind of classes) {
    if (refused[kind]) throw new UserSqlFailed(where, refused[kind]);
  }
}

/**
 * @param unfit what is wrong with a function inside a row's expression, by name
 * @throws UserSqlFailed unless the window is one known aggregate over raw columns
 */
export async function checkWindow(
  db: Connection,
  { name, expr, of_labels: ofLabels }: FeatureWindow,
  visible: VisibleColumns,
  unfit: ReadonlyMap<string, string>,
): Promise<void> {
  const where = `features.windows.${name}`;
  const parts = await expressionParts(db, expr, where);
  refuseClasses(parts, where);
  if (parts.call === null || !aggregates.has(parts.call)) {
    throw new UserSqlFailed(where, `it is not one aggregate: ${[...aggregates].join(', ')}`);
  }
  await expressionParts(db, `${expr}\n OVER ()`, where); // brackets around it would not run as a window
  for (const each of parts.functions) {
    const problem = each === parts.call ? undefined : unfit.get(each);
    if (problem) throw new UserSqlFailed(where, `${each}() ${problem}`);
  }
  for (const [column = ''] of parts.paths) visible.raw(column, where, ofLabels);
}
