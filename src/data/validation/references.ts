/** Values that must stand in another table: the `references` rules. */
import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import type { Rule } from '../../config/sections/rules.ts';
import type { Finding } from '../contract.ts';
import { engineSentence, isEngineError, rowsOf } from '../engine.ts';
import { quoteName, quoteText } from '../sql-text.ts';
import type { ValidationContext } from './context.ts';
import { ReferenceTableUnreadable } from './errors.ts';
import { examplesOf } from './examples.ts';
import { setAside } from './quarantine/set-aside.ts';
import { agreeing, counted, percent, setAsideSentence, showName, showValue } from './shown.ts';

type ReferenceRule = Extract<Rule, { references: unknown }>;

/**
 * Reference tables as absolute paths, by the path in the rule: to be allowed before the engine is locked down.
 *
 * @param base folder that relative paths start at
 * @throws ReferenceTableUnreadable
 */
export async function referenceTables(config: ModelConfig, base: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { references } of referenceRules(config)) {
    const path = isAbsolute(references.path) ? references.path : join(base, references.path);
    const file = await stat(path).catch(() => undefined);
    if (!file?.isFile()) throw new ReferenceTableUnreadable(references.path, `no file is at ${path}`);
    found.set(references.path, path);
  }
  return found;
}

/** Null refers to nothing and is right. @throws ReferenceTableUnreadable */
export async function referenceFindings(context: ValidationContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [i, rule] of referenceRules(context.config).entries()) {
    const found = await findingOf(context, rule, `referenced_${i}`);
    if (found) findings.push(found);
  }
  return findings;
}

function referenceRules(config: ModelConfig): ReferenceRule[] {
  return config.data.rules.filter((rule): rule is ReferenceRule => 'references' in rule);
}

async function findingOf(context: ValidationContext, rule: ReferenceRule, table: string): Promise<Finding | null> {
  const { db, raw } = context;
  const { column, path, key } = rule.references;
  await load(context, rule, table);
  const name = quoteName(column);
  const wrong = `${name} IS NOT NULL AND CAST(${name} AS VARCHAR) NOT IN (SELECT key FROM ${table})`;
  const [scan] = await rowsOf(db, `SELECT count(*) AS n FROM raw WHERE ${wrong}`);
  const count = Number(scan?.['n']);
  if (count === 0) return null;
  const limit = `a ${showValue(key)} of ${showValue(path)}`;
  const { severity } = rule;
  if (severity === 'quarantine') {
    await setAside(
      db,
      { rule: 'references', column, limit },
      `SELECT file_index, file_row_number FROM raw WHERE ${wrong}`,
    );
  }
  const share = count / raw.rows;
  const done = severity === 'quarantine' ? ` ${setAsideSentence(count)}` : '';
  const sentence = `${counted(count, 'row')} (${percent(share)}) of ${showName(column)} ${agreeing(count, 'name')} what no ${showName(key)} of ${showValue(path)} is.${done} Deliver the table and the rows that refer to it together, or mend the rows.`;
  return {
    rule: 'references',
    column,
    severity,
    count,
    share,
    limit,
    ...(await examplesOf(context, wrong, column)),
    sentence,
  };
}

/** As text, so that keys of different number types meet. */
async function load(context: ValidationContext, { references }: ReferenceRule, table: string): Promise<void> {
  const { path, key } = references;
  const file = quoteText(context.references.get(path) ?? path);
  const ending = path.toLowerCase();
  const relation = ending.endsWith('.parquet')
    ? `read_parquet(${file})`
    : /\.(jsonl|ndjson)$/.test(ending)
      ? `read_json(${file}, format = 'newline_delimited')`
      : `read_csv(${file}, header = true, all_varchar = true)`;
  try {
    await context.db.run(
      `CREATE OR REPLACE TABLE ${table} AS SELECT DISTINCT CAST(${quoteName(key)} AS VARCHAR) AS key
       FROM ${relation} WHERE ${quoteName(key)} IS NOT NULL`,
    );
  } catch (error) {
    if (!isEngineError(error)) throw error;
    throw new ReferenceTableUnreadable(path, engineSentence(error), { cause: error });
  }
}
