/** How well one feature alone tells the label: by its order, and by the mean label of its values. */
import { rowsOf } from '../../engine.ts';
import type { LeakSample } from './sample.ts';

/** Weight of the overall mean in the mean label of a value, in rows. */
const PRIOR_ROWS = 20;
const BINS = 50;

/** SQL of the yes or no that is to be told: 1 or 0 a row of the sample. */
export interface Target {
  readonly sql: string;
  readonly kind: 'binary' | 'number';
}

/**
 * On a scale where 1 is perfect. Binary: the larger of two AUCs (Mann–Whitney, ties count half), by the feature's order
 * and by target encoding out of fold, which also finds what no order shows. Number: the larger absolute Spearman
 * correlation of the two. Null is a value of its own.
 *
 * @param column of `leak_sample`
 */
export async function skillOf(sample: LeakSample, column: string, text: boolean, target: Target): Promise<number> {
  const encoded = await score(sample, encodedSql(column, text, target), target);
  return text ? encoded : Math.max(encoded, await orderSkillOf(sample, column, target));
}

/** By the order alone, null before or after all numbers, whichever tells more. */
export async function orderSkillOf(sample: LeakSample, column: string, target: Target): Promise<number> {
  const first = await score(sample, orderedSql(column, target, 'FIRST'), target);
  return Math.max(first, await score(sample, orderedSql(column, target, 'LAST'), target));
}

/** Rank as the score, null before or after all numbers. */
function orderedSql(column: string, { sql }: Target, nulls: 'FIRST' | 'LAST'): string {
  return `SELECT rank() OVER (ORDER BY ${column} NULLS ${nulls}) AS score, ${sql} AS target FROM leak_sample`;
}

/** The mean target of the rows with the same value in the other folds; numbers by 50 bins of equally many rows. */
function encodedSql(column: string, text: boolean, { sql }: Target): string {
  const value = text
    ? `coalesce('=' || ${column}, 'null')`
    : `CASE WHEN ${column} IS NULL THEN -1 ELSE ${BINS} * (rank() OVER (ORDER BY ${column}) - 1) // count(*) OVER () END`;
  return `SELECT target, (sum(target) OVER same - sum(target) OVER own + ${PRIOR_ROWS} * avg(target) OVER ())
                 / (count(*) OVER same - count(*) OVER own + ${PRIOR_ROWS}) AS score
          FROM (SELECT ${value} AS value, fold, ${sql} AS target FROM leak_sample)
          WINDOW same AS (PARTITION BY value), own AS (PARTITION BY value, fold)`;
}

async function score({ db }: LeakSample, scored: string, target: Target): Promise<number> {
  if (target.kind === 'number') {
    const rank = (of: string) => `rank() OVER (ORDER BY ${of}) + (count(*) OVER (PARTITION BY ${of}) - 1) / 2.0`;
    const [row] = await rowsOf(
      db,
      `SELECT abs(corr(x, y)) AS r FROM (SELECT ${rank('score')} AS x, ${rank('target')} AS y FROM (${scored}))`,
    );
    return Number(row?.['r'] ?? 0) || 0;
  }
  const [row] = await rowsOf(
    db,
    `SELECT sum(p * (below + q / 2.0)) / (sum(p) * sum(q)) AS auc FROM (
       SELECT p, q, sum(q) OVER (ORDER BY score ROWS UNBOUNDED PRECEDING) - q AS below FROM (
         SELECT score, sum(target) AS p, count(*) - sum(target) AS q FROM (${scored}) GROUP BY score))`,
  );
  const auc = Number(row?.['auc'] ?? 0.5);
  return Math.max(auc, 1 - auc);
}
