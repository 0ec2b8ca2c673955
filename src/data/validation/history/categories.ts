/** Categories that nobody has seen before, and columns that suddenly have many more of them. */
import type { Severity } from '../../../config/sections/rules.ts';
import type { Finding } from '../../contract.ts';
import { rowsOf } from '../../engine.ts';
import { quoteInstant, quoteName } from '../../sql-text.ts';
import type { ValidationContext } from '../context.ts';
import { wholeGradeOf } from '../grades.ts';
import { counted, guardedColumns, percent, showName, showValue } from '../shown.ts';
import { pastLimits, windowOf } from './limits.ts';

const MAX_EXAMPLES = 20;

/** Category features that are columns of the source, and the entity for the number of its levels. */
export async function categoryFindings(context: ValidationContext): Promise<Finding[]> {
  const { config, columns, pastColumns } = context;
  const there = (name: string) => columns.has(name) && pastColumns.has(name);
  const categories = config.features.categories.columns.filter(
    (name) => config.features.use.includes(name) && there(name),
  );
  const { entity } = config.data;
  const counted = entity === null || !there(entity) ? categories : [...new Set([...categories, entity])];
  const [unseen, explosion] = [wholeGradeOf(config, 'new_categories'), wholeGradeOf(config, 'level_jump')];
  const findings: Finding[] = [];
  for (const column of counted) {
    const jump = explosion && (await levelJump(context, column, explosion));
    if (jump) findings.push(jump);
    else if (unseen && categories.includes(column)) findings.push(...(await newCategories(context, column, unseen)));
  }
  return findings;
}

async function newCategories(context: ValidationContext, column: string, severity: Severity): Promise<Finding[]> {
  const { db, config, recentFrom } = context;
  const { new_category_share: most, min_rows: least } = pastLimits(config);
  const value = `CAST(${quoteName(column)} AS VARCHAR)`;
  // a category is known when any older row has it: destinations of the summer are not new every year
  const rows = await rowsOf(
    db,
    `WITH known AS (
       SELECT DISTINCT ${value} AS level FROM past
       UNION SELECT DISTINCT ${value} FROM raw WHERE ${quoteName(config.data.event_time)} < ${quoteInstant(recentFrom)}),
     newest AS (SELECT ${value} AS level, count(*) AS n FROM recent WHERE ${quoteName(column)} IS NOT NULL GROUP BY 1)
     SELECT level, n, sum(n) OVER () AS fresh, count(*) OVER () AS levels, (SELECT count(*) FROM recent) AS rows,
            (SELECT count(*) FROM past) AS before
     FROM newest WHERE level NOT IN (SELECT level FROM known WHERE level IS NOT NULL) ORDER BY n DESC, level LIMIT ${MAX_EXAMPLES}`,
  );
  const [first] = rows;
  if (first === undefined) return [];
  const [fresh, all, before] = [Number(first['fresh']), Number(first['rows']), Number(first['before'])];
  if (all < least || before < least || fresh / all < most) return [];
  const examples = guardedColumns(config)(column)
    ? []
    : rows.map(({ level, n }) => `${showValue(level)} (${counted(Number(n), 'row')})`);
  const levels = Number(first['levels']);
  const sentence = `${fresh} of the ${all} newest rows (${percent(fresh / all)}) hold ${levels} values of ${showName(column)} that no earlier row has. If they are right, the model knows nothing of them until it is trained again; if not, mend the source.`;
  const limit = `under ${percent(most)} of the newest rows`;
  return [
    {
      rule: 'new_categories',
      column,
      severity,
      count: fresh,
      share: fresh / all,
      limit,
      window: windowOf(context),
      examples,
      sentence,
    },
  ];
}

/** More rows never have more levels than in proportion, so a past with fewer rows only raises the limit. */
async function levelJump(context: ValidationContext, column: string, severity: Severity): Promise<Finding | null> {
  const { db, config } = context;
  const { level_ratio: ratio, min_rows: least } = pastLimits(config);
  const name = quoteName(column);
  const [found] = await rowsOf(
    db,
    `SELECT (SELECT count(*) FROM recent) AS rows, (SELECT count(*) FROM past) AS before,
            (SELECT count(DISTINCT ${name}) FROM recent) AS now, (SELECT count(DISTINCT ${name}) FROM past) AS usual`,
  );
  const [rows, before, now, usual] = ['rows', 'before', 'now', 'usual'].map((key) => Number(found?.[key])) as [
    number,
    number,
    number,
    number,
  ];
  const most = Math.ceil(usual * ratio * Math.max(1, rows / before));
  if (rows < least || before < least || usual === 0 || now <= most) return null;
  const sentence = `${showName(column)} has ${now} values in the ${rows} newest rows; the ${before} rows before them have ${usual}. Look for ids, times or free text in it.`;
  const limit = `at most ${most} values`;
  return {
    rule: 'level_jump',
    column,
    severity,
    count: now,
    share: now / rows,
    limit,
    window: windowOf(context),
    examples: [],
    sentence,
  };
}
