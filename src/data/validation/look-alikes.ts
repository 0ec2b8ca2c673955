/** Rows alike in everything that a model could know: delivered twice under new ids, or labelled in two ways. */
import type { InferredRule } from '../../config/sections/rules.ts';
import type { Finding } from '../contract.ts';
import { rowsOf } from '../engine.ts';
import { quoteName } from '../sql-text.ts';
import type { ValidationContext } from './context.ts';
import { examplesOf } from './examples.ts';
import { gradeOf } from './grades.ts';
import { setAside } from './quarantine/set-aside.ts';
import { counted, percent } from './shown.ts';

interface Rule {
  readonly rule: InferredRule;
  readonly limit: string;
  /** SQL over `alike`: which groups break the rule, and how many of their rows. */
  readonly where: string;
  readonly count: string;
  readonly sentence: (rows: number, share: string) => string;
}

const REPEATED: Rule = {
  rule: 'repeated_content',
  limit: 'no two rows alike',
  where: 'labels <= 1 AND ids > 1',
  count: 'ids - 1',
  sentence: (rows, share) =>
    `${counted(rows, 'row')} (${share}) repeat another row in everything but the id. Check that the source does not deliver rows twice under new ids.`,
};

const CONFLICTING: Rule = {
  rule: 'conflicting_labels',
  limit: 'rows that are alike have one label',
  where: 'labels > 1',
  count: 'n',
  sentence: (rows, share) =>
    `${counted(rows, 'row')} (${share}) are alike in everything but id and outcome, and have different labels. Ask which label is right: a model learns neither.`,
};

/** One pass that groups rows by a hash of their content (64 bits), and nothing more where all groups are single rows. */
export async function lookAlikeFindings(context: ValidationContext): Promise<Finding[]> {
  const { db, config, columns } = context;
  const rules = [REPEATED, CONFLICTING].filter(({ rule }) => gradeOf(config, rule) !== 'off');
  if (rules.length === 0) return [];
  const { id, label, outcomes } = config.data;
  const outside = new Set([id, label.column, label.available_at, ...outcomes]);
  const content = [...columns.keys()].filter((name) => !outside.has(name)).map(quoteName);
  if (content.length === 0) return [];
  const hashed = `hash(${content.join(', ')})`;
  await db.run(
    `CREATE TABLE alike AS SELECT ${hashed} AS content, count(*) AS n, count(DISTINCT ${quoteName(id)}) AS ids,
       count(DISTINCT ${quoteName(label.column)}) AS labels FROM raw
     WHERE ${hashed} IN (SELECT ${hashed} FROM raw GROUP BY 1 HAVING count(*) > 1) GROUP BY 1`,
  );
  const findings: Finding[] = [];
  for (const rule of rules) {
    const found = await findingOf(context, rule, hashed);
    if (found) findings.push(found);
  }
  await db.run('DROP TABLE alike');
  return findings;
}

async function findingOf(context: ValidationContext, each: Rule, hashed: string): Promise<Finding | null> {
  const { db, config, raw } = context;
  const [found] = await rowsOf(db, `SELECT coalesce(sum(${each.count}), 0) AS n FROM alike WHERE ${each.where}`);
  const count = Number(found?.['n']);
  const severity = gradeOf(config, each.rule);
  if (count === 0 || severity === 'off') return null;
  const { rule, limit } = each;
  const wrong = `${hashed} IN (SELECT content FROM alike WHERE ${each.where})`;
  if (severity === 'quarantine') {
    const first =
      each === REPEATED
        ? `QUALIFY row_number() OVER (PARTITION BY ${hashed} ORDER BY file_index, file_row_number) > 1`
        : '';
    await setAside(
      db,
      { rule, column: null, limit },
      `SELECT file_index, file_row_number FROM raw WHERE ${wrong} ${first}`,
    );
  }
  const share = count / raw.rows;
  const examples = await examplesOf(context, wrong, null);
  return {
    rule,
    column: null,
    severity,
    count,
    share,
    limit,
    ...examples,
    sentence: each.sentence(count, percent(share)),
  };
}
