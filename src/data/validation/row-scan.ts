/** Every rule about single rows in one scan; examples are fetched only where something is wrong. */
import type { ModelConfig } from '../../config/model.ts';
import type { Finding } from '../contract.ts';
import { type Connection, engineSentence, isEngineError, rowsOf } from '../engine.ts';
import { UserSqlFailed } from '../errors.ts';
import { quoteName } from '../sql-text.ts';
import { expressionParts } from '../user-sql.ts';
import type { ValidationContext } from './context.ts';
import { setAside } from './quarantine.ts';
import { configuredChecks, inferredChecks, percent, type RowCheck } from './row-checks.ts';

const MAX_EXAMPLES = 20;

/** Also finds features without a value and with a single one. @throws UserSqlFailed */
export async function rowFindings({ db, config, raw, columns, horizon }: ValidationContext): Promise<Finding[]> {
  const checks = [...configuredChecks(config), ...inferredChecks(config, columns, horizon)];
  for (const rule of config.data.rules) {
    if ('sql' in rule) await proveRule(db, rule.sql);
  }
  const features = config.features.use;
  const select = [
    'count(*) AS rows',
    ...checks.map(({ wrong }, i) => `count(*) FILTER (WHERE ${wrong}) AS c${i}`),
    ...features.map((name, i) => `count(${quoteName(name)}) AS n${i}`),
    ...features.map((name, i) => `min(${quoteName(name)}) = max(${quoteName(name)}) AS k${i}`),
  ];
  const [scan = {}] = await rowsOf(db, `SELECT ${select.join(', ')} FROM raw`);

  const findings: Finding[] = [];
  for (const [i, check] of checks.entries()) {
    const count = Number(scan[`c${i}`]);
    const share = count / raw.rows;
    if (count === 0 || share <= check.tolerate) continue;
    if (check.severity === 'quarantine')
      await setAside(db, check, `SELECT file_index, file_row_number FROM raw WHERE ${check.wrong}`);
    const { rule, column, severity, limit } = check;
    const examples = await examplesOf(db, config, check);
    findings.push({ rule, column, severity, count, share, limit, examples, sentence: sentenceOf(check, count, share) });
  }
  for (const [i, column] of features.entries()) {
    const known = Number(scan[`n${i}`]);
    const common = { column, count: raw.rows, share: 1, examples: [] };
    if (known === 0) {
      const sentence = `Feature "${column}" is null in all ${raw.rows} rows. Mend the source, or remove it from features.use.`;
      findings.push({ ...common, rule: 'all_null', severity: 'reject', limit: 'some values', sentence });
    } else if (scan[`k${i}`] === true) {
      const sentence = `Feature "${column}" has one value in all ${known} rows where it is known: it teaches nothing. Check the source.`;
      findings.push({
        ...common,
        rule: 'constant',
        severity: 'warn',
        count: known,
        share: known / raw.rows,
        limit: 'more than one value',
        sentence,
      });
    }
  }
  return findings;
}

async function proveRule(db: Connection, sql: string): Promise<void> {
  const where = `the rule ${JSON.stringify(sql)}`;
  await expressionParts(db, sql, where);
  try {
    await db.run(`SELECT NOT (${sql}\n) FROM raw LIMIT 0`);
  } catch (error) {
    if (!isEngineError(error)) throw error;
    throw new UserSqlFailed(where, engineSentence(error), { cause: error });
  }
}

async function examplesOf(db: Connection, config: ModelConfig, { column, wrong }: RowCheck): Promise<string[]> {
  const { id, event_time: eventTime } = config.data;
  const value = column === null ? quoteName(eventTime) : quoteName(column);
  const rows = await rowsOf(
    db,
    `SELECT CAST(${quoteName(id)} AS VARCHAR) AS id, CAST(${value} AS VARCHAR) AS value FROM raw WHERE ${wrong}
     ORDER BY ${quoteName(eventTime)}, 1 LIMIT ${MAX_EXAMPLES}`,
  );
  return rows.map((row) => `${id} ${row['id']}: ${column ?? eventTime} = ${row['value']}`);
}

/** Counts and limits only: values of rows stay in the examples, out of logs and notifications. */
function sentenceOf({ rule, column, severity, limit, cure }: RowCheck, count: number, share: number): string {
  const what = column === null ? `break the rule ${limit}` : `break ${rule} on "${column}" (limit: ${limit})`;
  const done = severity === 'quarantine' ? ' They were set aside.' : '';
  return `${count} rows (${percent(share)}) ${what}.${done} ${cure}`;
}
