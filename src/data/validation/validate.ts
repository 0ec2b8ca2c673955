/** The validate stage: is this data fit to train on? First what the manifest tells, then one scan of the rows. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Finding, RawSnapshot, ValidationReport } from '../contract.ts';
import { type Connection, engineSentence, isEngineError, rowsOf, withDuckDb } from '../engine.ts';
import { UserSqlFailed } from '../errors.ts';
import { featureDefinition } from '../features/definition.ts';
import { checkExpressions } from '../features/expression-check.ts';
import { localFiles, readSnapshot } from '../snapshots.ts';
import { parquetOf, quoteName } from '../sql-text.ts';
import { expressionParts } from '../user-sql.ts';
import { labelFindings } from './label-checks.ts';
import { metadataFindings } from './metadata-checks.ts';
import { countAside, openQuarantine, setAside, writeAccepted } from './quarantine.ts';
import { repeatFindings } from './repeats.ts';
import { configuredChecks, inferredChecks, percent, type RowCheck } from './row-checks.ts';
import { volumeFindings } from './volume.ts';

const MAX_EXAMPLES = 20;
/** More than this share set aside is no cleaning any more: the data is broken. */
const MAX_QUARANTINED = 0.2;

export interface ValidateInput {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  /** Digest of the raw snapshot. */
  readonly raw: string;
  readonly asOf: string;
  readonly cacheDir: string;
  readonly workDir: string;
  /** Digest of an earlier run's raw snapshot: types and history are compared with it. */
  readonly previous?: string;
  readonly signal?: AbortSignal;
}

/**
 * Findings of configured and inferred rules, each with counts, at most 20 examples and a sentence that says what to do.
 *
 * Any finding of severity `reject` rejects. Rows under `quarantine` are set aside: `accepted` is the snapshot without.
 *
 * @throws UserSqlFailed where a rule or feature expression does not run; FeatureDefinitionInvalid
 */
export async function validate(input: ValidateInput): Promise<ValidationReport> {
  const { store, config, asOf, workDir, cacheDir, previous, signal } = input;
  const raw = await readSnapshot(store, input.raw, 'raw');
  const before = previous === undefined ? null : await readSnapshot(store, previous, 'raw');
  const early = metadataFindings(config, raw, before);
  if (early.some(({ severity }) => severity === 'reject')) return report(raw, early, 0, input.raw);

  const paths = await localFiles(store, raw, cacheDir);
  await mkdir(workDir, { recursive: true });
  const dir = await mkdtemp(join(workDir, 'validate-'));
  try {
    return await withDuckDb(
      { tempDir: dir, lockDown: true, allowedPaths: [...paths, `${dir}/`] },
      async (db) => {
        const columns = raw.columns.map(({ name }) => name);
        await checkExpressions(db, featureDefinition(config), columns);
        await openQuarantine(db);
        const names = columns.map(quoteName).join(', ');
        await db.run(`CREATE VIEW raw AS SELECT ${names}, file_index, file_row_number FROM ${parquetOf(paths)}`);
        const findings = [
          ...early,
          ...(await rowFindings(db, config, raw, asOf)),
          ...(await repeatFindings(db, config, columns, raw.rows)),
          ...(await labelFindings(db, config, asOf)),
          ...(await volumeFindings(db, config, asOf)),
        ];
        const quarantined = await countAside(db);
        if (quarantined > raw.rows * MAX_QUARANTINED) findings.push(tooManyAside(quarantined, raw.rows));
        const rejected = findings.some(({ severity }) => severity === 'reject');
        if (rejected || quarantined === 0) return report(raw, findings, rejected ? 0 : quarantined, input.raw);
        const accepted = await writeAccepted(db, { store, config, raw, paths, dir });
        return report(raw, findings, quarantined, accepted);
      },
      signal,
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** All row checks, missing and constant features in one scan; examples are fetched only where something is wrong. */
async function rowFindings(db: Connection, config: ModelConfig, raw: RawSnapshot, asOf: string): Promise<Finding[]> {
  const types = new Map(raw.columns.map(({ name, type }) => [name, type]));
  const checks = [...configuredChecks(config), ...inferredChecks(config, types, asOf)];
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
      await setAside(db, `SELECT file_index, file_row_number FROM raw WHERE ${check.wrong}`);
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

function tooManyAside(count: number, rows: number): Finding {
  const share = count / rows;
  const sentence = `Rules set aside ${count} of ${rows} rows (${percent(share)}, limit ${percent(MAX_QUARANTINED)}): that is no cleaning any more. Look at the quarantine findings and mend the source.`;
  return {
    rule: 'quarantined',
    column: null,
    severity: 'reject',
    count,
    share,
    limit: `at most ${percent(MAX_QUARANTINED)}`,
    examples: [],
    sentence,
  };
}

function report(raw: RawSnapshot, findings: Finding[], quarantined: number, accepted: string): ValidationReport {
  const rejects = findings.filter(({ severity }) => severity === 'reject');
  const warnings = findings.filter(({ severity }) => severity === 'warn').length;
  const [first] = rejects;
  const others = rejects.length > 1 ? ` ${rejects.length - 1} more findings reject too.` : '';
  const sentence = first
    ? `Rejected: ${first.sentence}${others} No model was trained; what is served stays as it is.`
    : `Accepted ${raw.rows - quarantined} of ${raw.rows} rows: ${quarantined} set aside, ${warnings} warnings.`;
  return { verdict: first ? 'reject' : 'accept', rows: raw.rows, quarantined, findings, sentence, accepted };
}
