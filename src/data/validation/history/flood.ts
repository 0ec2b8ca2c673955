/** A flood of near-duplicates in one slice: rows that repeat another row in every feature, far more often than before. */
import type { Finding } from '../../contract.ts';
import { rowsOf } from '../../engine.ts';
import { quoteName } from '../../sql-text.ts';
import type { CheckedContext } from '../context.ts';
import { wholeGradeOf } from '../grades.ts';
import { guardedColumns, percent, showName, showValue } from '../shown.ts';
import { pastLimits, windowOf } from './limits.ts';

/** By each slice column that is a column of the source; the worst slice of a column is named. */
export async function floodFindings(context: CheckedContext): Promise<Finding[]> {
  const { db, config, columns, pastColumns, used } = context;
  const severity = wholeGradeOf(config, 'flood');
  const there = (name: string) => columns.has(name) && pastColumns.has(name);
  const content = used.filter(there).map(quoteName);
  const slices = [...new Set([...config.gate.slices.columns, ...config.gate.slices.critical])].filter(there);
  if (severity === null || content.length === 0) return [];
  const { repeated_change: change, min_rows: least } = pastLimits(config);
  const findings: Finding[] = [];
  for (const column of slices) {
    const by = (view: string) =>
      `SELECT slice, sum(n) AS rows, sum(n) - count(*) AS repeats FROM (
         SELECT CAST(${quoteName(column)} AS VARCHAR) AS slice, hash(${content.join(', ')}) AS content, count(*) AS n
         FROM ${view} WHERE ${quoteName(column)} IS NOT NULL GROUP BY 1, 2) GROUP BY 1`;
    const [worst] = await rowsOf(
      db,
      `SELECT slice, r.rows, r.repeats, r.repeats / r.rows AS now, p.repeats / p.rows AS usual
       FROM (${by('recent')}) r JOIN (${by('past')}) p USING (slice)
       WHERE p.rows >= r.rows AND r.rows >= ${least} AND r.repeats / r.rows > p.repeats / p.rows + ${change}
       ORDER BY r.repeats DESC, slice LIMIT 1`,
    );
    if (worst === undefined) continue;
    const [count, rows, now, usual] = ['repeats', 'rows', 'now', 'usual'].map((key) => Number(worst[key])) as [
      number,
      number,
      number,
      number,
    ];
    const slice = guardedColumns(config)(column) ? 'one slice' : showValue(worst['slice']);
    const sentence = `${count} of the ${rows} newest rows with ${showName(column)} ${slice} (${percent(now)}) repeat another one in every feature; it was ${percent(usual)}. Look for rows that were sent many times, by mistake or on purpose.`;
    const limit = `at most ${percent(usual + change)}`;
    findings.push({
      rule: 'flood',
      column,
      severity,
      count,
      share: now,
      limit,
      window: windowOf(context),
      examples: [slice],
      sentence,
    });
  }
  return findings;
}
