/** One scan of all rows for every rule about rows, columns and labels; what a Parquet footer proves is left out of it. */
import type { Finding } from '../contract.ts';
import { type Connection, engineSentence, isEngineError, rowsOf } from '../engine.ts';
import { UserSqlFailed } from '../errors.ts';
import { quoteText } from '../sql-text.ts';
import { expressionParts } from '../user-sql.ts';
import { columnPart } from './column-checks.ts';
import type { ValidationContext } from './context.ts';
import { examplesOf } from './examples.ts';
import { inferredChecks } from './inferred-checks.ts';
import { labelPart } from './label-checks.ts';
import { setAside } from './quarantine/set-aside.ts';
import { configuredChecks, type RowCheck } from './row-checks.ts';
import { agreeing, counted, percent, setAsideSentence, showCode, showName } from './shown.ts';
import { type Statistics, statisticsOf } from './statistics.ts';
import { withinLimit } from './time-limit.ts';
import { MAX_FINDINGS } from './worst-first.ts';

/** What one group of rules asks of the scan, and what it makes of the answer. */
export interface ScanPart {
  /** Aggregates with aliases of their own. */
  readonly select: readonly string[];
  readonly read: (row: Record<string, unknown>) => Promise<Finding[]>;
}

/** @throws UserSqlFailed, UserSqlTooSlow */
export async function rowFindings(context: ValidationContext): Promise<Finding[]> {
  const { db, config, limitMs } = context;
  for (const rule of config.data.rules) {
    if ('sql' in rule) await proveSql(db, rule.sql);
    if ('matches' in rule) await provePattern(db, rule.column, rule.matches);
  }
  const statistics = await footerStatistics(context);
  const parts = [checkPart(context, statistics), columnPart(context, statistics), labelPart(context)];
  const select = ['count(*) AS rows', ...parts.flatMap((part) => part.select)];
  const sql = config.data.rules.flatMap((rule) => ('sql' in rule ? [showCode(rule.sql)] : []));
  const where = sql.length === 0 ? 'the rules' : `one of the rules ${sql.join('; ')}`;
  return await withinLimit(db, limitMs, where, async () => {
    const [scan = {}] = await rowsOf(db, `SELECT ${select.join(', ')} FROM raw`);
    const findings: Finding[] = [];
    for (const part of parts) findings.push(...(await part.read(scan)));
    return findings;
  });
}

/** Of columns that `raw` shows as they are stored; times, labels and outcomes may be cast or hidden in it. */
async function footerStatistics({ db, config, parquet }: ValidationContext): Promise<Statistics> {
  const { event_time: eventTime, label, outcomes } = config.data;
  const changed = new Set([eventTime, label.column, label.available_at, ...outcomes]);
  return new Map([...(await statisticsOf(db, parquet))].filter(([name]) => !changed.has(name)));
}

function checkPart(context: ValidationContext, statistics: Statistics): ScanPart {
  const { config, columns, horizon, labelHorizon } = context;
  const latest = { event: horizon, label: labelHorizon };
  const all = [...configuredChecks(config.data.rules, columns), ...inferredChecks(config, columns, latest)];
  const checks = all.filter(({ column, proven }) => {
    const known = column === null ? undefined : statistics.get(column);
    return !(known && proven?.(known));
  });
  return {
    select: checks.map(({ wrong }, i) => `count(*) FILTER (WHERE ${wrong}) AS c${i}`),
    read: async (row) => {
      const findings: Finding[] = [];
      for (const [i, check] of checks.entries()) {
        const count = Number(row[`c${i}`]);
        if (count > 0 && count > check.tolerate * context.raw.rows)
          findings.push(await found(context, check, count, findings.length < MAX_FINDINGS));
      }
      return findings;
    },
  };
}

/** @param shown whether a report will hold it */
async function found(context: ValidationContext, check: RowCheck, count: number, shown: boolean): Promise<Finding> {
  const { rule, column, severity, limit, wrong } = check;
  const share = count / context.raw.rows;
  if (severity === 'quarantine') {
    await setAside(context.db, check, `SELECT file_index, file_row_number FROM raw WHERE ${wrong}`);
  }
  const examples = shown ? await examplesOf(context, wrong, column) : { examples: [] };
  return { rule, column, severity, count, share, limit, ...examples, sentence: sentenceOf(check, count, share) };
}

/** Counts and limits only: values of rows stay in the examples, out of logs and notifications. */
function sentenceOf({ column, severity, limit, what, cure }: RowCheck, count: number, share: number): string {
  const whose = column === null ? '' : ` of ${showName(column)}`;
  const done = severity === 'quarantine' ? ` ${setAsideSentence(count)}` : '';
  const broken = agreeing(count, what ?? `break the rule ${limit}`);
  return `${counted(count, 'row')} (${percent(share)})${whose} ${broken}.${done} ${cure}`;
}

async function proveSql(db: Connection, sql: string): Promise<void> {
  const where = `the rule ${JSON.stringify(sql)}`;
  await expressionParts(db, sql, where);
  try {
    await db.run(`SELECT NOT (${sql}\n) FROM raw LIMIT 0`);
  } catch (error) {
    if (!isEngineError(error)) throw error;
    throw new UserSqlFailed(where, engineSentence(error), { cause: error });
  }
}

async function provePattern(db: Connection, column: string, pattern: string): Promise<void> {
  try {
    await db.run(`SELECT regexp_full_match('', ${quoteText(pattern)})`);
  } catch (error) {
    if (!isEngineError(error)) throw error;
    throw new UserSqlFailed(`the rule matches on ${showName(column)}`, engineSentence(error), { cause: error });
  }
}
