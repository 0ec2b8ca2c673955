/** Features that a model file computes by SQL from a row's own columns, added to both windows before they are compared. */
import type { Connection } from '../data/engine.ts';
import { UserSqlFailed } from '../data/errors.ts';
import { type FeatureColumn, featureSql } from '../data/features/definition.ts';
import { checkExpressions } from '../data/features/expression-check.ts';
import { quoteName } from '../data/sql-text.ts';
import { typesOf } from './column-kinds.ts';

export interface DerivedFeatures {
  readonly model: string;
  readonly columns: readonly FeatureColumn[];
  /** Label and outcomes, which no feature may read. */
  readonly hidden: readonly string[];
}

export interface WithDerived {
  readonly before: string;
  readonly after: string;
  /** Features that the windows have no columns for, and why. */
  readonly untested: ReadonlyMap<string, string>;
}

/** A window that has a column of a feature's name already, because somebody computed it, keeps that. */
export async function withDerived(
  db: Connection,
  { before, after }: { readonly before: string; readonly after: string },
  features: DerivedFeatures,
): Promise<WithDerived> {
  const [first, second] = [await typesOf(db, before), await typesOf(db, after)];
  const untested = new Map<string, string>();
  const [forBefore, forAfter]: [FeatureColumn[], FeatureColumn[]] = [[], []];
  for (const feature of features.columns) {
    const missing = [first, second].map((types) => !types.has(feature.name));
    const reason =
      (missing[0] ? await refusal(db, feature, features, first) : null) ??
      (missing[1] ? await refusal(db, feature, features, second) : null);
    if (reason !== null) untested.set(feature.name, reason);
    if (reason !== null) continue;
    if (missing[0]) forBefore.push(feature);
    if (missing[1]) forAfter.push(feature);
  }
  return { before: extended(before, forBefore), after: extended(after, forAfter), untested };
}

/** Why the expression cannot be computed from these columns; it runs only where serving would take it too. */
async function refusal(
  db: Connection,
  feature: FeatureColumn,
  { model, hidden }: DerivedFeatures,
  types: ReadonlyMap<string, string>,
): Promise<string | null> {
  const definition = { model, numeric: [], categorical: [], columns: [feature], hidden, digest: '' };
  try {
    await checkExpressions(db, definition, [...types.keys()]);
    return null;
  } catch (error) {
    if (!(error instanceof UserSqlFailed)) throw error;
    return `it is computed by ${model}, and not from the columns of both windows alone (${feature.expr.trim()})`;
  }
}

function extended(relation: string, features: readonly FeatureColumn[]): string {
  if (features.length === 0) return relation;
  const added = features.map((feature) => `${featureSql(feature)} AS ${quoteName(feature.name)}`);
  return `(SELECT *, ${added.join(', ')} FROM ${relation})`;
}
