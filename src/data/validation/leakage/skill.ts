/** How well one feature alone tells the label: by its order, and by the mean label of its values. */
import { rowsOf } from '../../engine.ts';
import type { LeakSample } from './sample.ts';

/** Weight of the overall mean in the mean label of a value, in rows. */
const PRIOR_ROWS = 20;
const BINS = 50;

/** What is to be told: SQL over a row of the sample, 1 or 0 where it is binary. */
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
  return await score(sample, `SELECT ${column} AS score, ${target.sql} AS target FROM leak_sample`, target);
}

/** The mean target of the rows with the same value in the other folds; numbers by 50 bins of equally many rows. */
function encodedSql(column: string, text: boolean, { sql }: Target): string {
  const value = text
    ? `coalesce('=' || ${column}, 'null')`
    : `CASE WHEN ${column} IS NULL THEN -1 ELSE ${BINS} * (rank() OVER (ORDER BY ${column}) - 1) // count(*) OVER () END`;
  return `WITH told AS (SELECT ${value} AS value, fold, ${sql} AS target FROM leak_sample),
    means AS (
      SELECT value, fold, (sum(total) OVER same - total + ${PRIOR_ROWS} * (SELECT avg(target) FROM told))
                          / (sum(n) OVER same - n + ${PRIOR_ROWS}) AS score
      FROM (SELECT value, fold, count(*) AS n, sum(target) AS total FROM told GROUP BY value, fold)
      WINDOW same AS (PARTITION BY value))
    SELECT score, target FROM told JOIN means USING (value, fold)`;
}

/** @param scored SQL of `score`, whose null may stand before or after all others, and `target` */
async function score({ db }: LeakSample, scored: string, { kind }: Target): Promise<number> {
  const [row] = await rowsOf(db, kind === 'number' ? spearmanSql(scored) : aucSql(scored));
  const values = [row?.['first'], row?.['last']].map((value) => Number(value ?? Number.NaN));
  const skills = kind === 'number' ? values.map(Math.abs) : values.map((auc) => Math.max(auc, 1 - auc));
  return Math.max(0, ...skills.filter((skill) => !Number.isNaN(skill)));
}

/** SQL of the AUC with null scores `first` and `last`. @param scored SQL of `score` and `target` (1 or 0, never null) */
export function aucSql(scored: string): string {
  const below = (nulls: string) => `sum(q) OVER (ORDER BY score NULLS ${nulls} ROWS UNBOUNDED PRECEDING) - q / 2.0`;
  return `SELECT sum(p * first) / (sum(p) * sum(q)) AS first, sum(p * last) / (sum(p) * sum(q)) AS last
    FROM (SELECT p, q, ${below('FIRST')} AS first, ${below('LAST')} AS last
          FROM (SELECT score, sum(target) AS p, count(*) - sum(target) AS q FROM (${scored}) GROUP BY score))`;
}

function spearmanSql(scored: string): string {
  const rank = (of: string, nulls: string) =>
    `rank() OVER (ORDER BY ${of} NULLS ${nulls}) + (count(*) OVER (PARTITION BY ${of}) - 1) / 2.0`;
  return `SELECT corr(first, y) AS first, corr(last, y) AS last
    FROM (SELECT ${rank('score', 'FIRST')} AS first, ${rank('score', 'LAST')} AS last, ${rank('target', 'LAST')} AS y FROM (${scored}))`;
}
