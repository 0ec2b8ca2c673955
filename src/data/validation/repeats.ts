/** Rows that stand twice: by a key that should be unique, or in everything but their id. */
import type { ModelConfig } from '../../config/model.ts';
import type { Severity } from '../../config/sections/data.ts';
import type { Finding } from '../contract.ts';
import { type Connection, rowsOf } from '../engine.ts';
import { quoteName } from '../sql-text.ts';
import type { ValidationContext } from './context.ts';
import { setAside } from './quarantine.ts';

const MAX_EXAMPLES = 20;

/** The configured `unique` rules, and the id where none names it. Extra copies may be set aside: the first one stays. */
export async function repeatFindings(context: ValidationContext): Promise<Finding[]> {
  const { db, config, raw } = context;
  const { rows } = raw;
  const columns = [...context.columns.keys()];
  const { id } = config.data;
  const rules = config.data.rules.flatMap((rule) =>
    'unique' in rule ? [{ key: rule.unique, severity: rule.severity }] : [],
  );
  const idRule = rules.some(({ key }) => key.length === 1 && key[0] === id) ? [] : [{ key: [id], severity: null }];
  const findings: Finding[] = [];
  for (const { key, severity } of [...idRule, ...rules]) {
    const found = await repeatsOf(db, key, columns, rows, severity);
    if (found) findings.push(found);
  }
  const twins = await twinsApartFromId(db, config, columns, rows);
  return twins ? [...findings, twins] : findings;
}

async function repeatsOf(
  db: Connection,
  key: readonly string[],
  columns: readonly string[],
  rows: number,
  configured: Severity | null,
): Promise<Finding | null> {
  const names = key.map(quoteName).join(', ');
  const text = key.map((name) => `coalesce(CAST(${quoteName(name)} AS VARCHAR), 'null')`).join(" || ', ' || ");
  const known = key.map((name) => `${quoteName(name)} IS NOT NULL`).join(' AND ');
  const groups = `SELECT ${text} AS example, count(*) - 1 AS extra FROM raw WHERE ${known} GROUP BY ${names} HAVING count(*) > 1`;
  const [found] = await rowsOf(
    db,
    `SELECT coalesce(sum(extra), 0) AS extra, count(*) AS keys FROM (SELECT ${names}, count(*) - 1 AS extra FROM raw WHERE ${known} GROUP BY ${names} HAVING count(*) > 1)`,
  );
  const extra = Number(found?.['extra']);
  if (extra === 0) return null;

  // copies that agree in every column lose nothing when they are set aside; copies that differ need a person
  const [differing] = await rowsOf(
    db,
    `SELECT count(*) AS n FROM (SELECT 1 FROM raw WHERE ${known} GROUP BY ${names} HAVING count(*) > 1
       AND count(DISTINCT hash(${columns.map(quoteName).join(', ')})) > 1)`,
  );
  const conflicts = Number(differing?.['n']);
  const severity = configured ?? (conflicts > 0 ? 'reject' : 'quarantine');
  if (severity === 'quarantine') {
    await setAside(
      db,
      { rule: 'unique', column: key.length === 1 ? (key[0] ?? null) : null, limit: `${key.join(' + ')} once` },
      `SELECT file_index, file_row_number FROM raw WHERE ${known}
       QUALIFY row_number() OVER (PARTITION BY ${names} ORDER BY file_index, file_row_number) > 1`,
    );
  }
  const examples = await rowsOf(db, `${groups} ORDER BY 1 LIMIT ${MAX_EXAMPLES}`);
  const cure =
    severity === 'quarantine'
      ? 'The first of each was kept and the others set aside; stop the source from delivering rows twice.'
      : `Mend the source; or, if the first of each may be kept, add { unique: [${key.join(', ')}], severity: quarantine } to data.rules.`;
  const how = conflicts > 0 ? `${conflicts} of them with different contents` : 'with the same contents';
  return {
    rule: 'unique',
    column: key.length === 1 ? (key[0] ?? null) : null,
    severity,
    count: extra,
    share: extra / rows,
    limit: `${key.join(' + ')} once`,
    examples: examples.map(({ example }) => String(example)),
    sentence: `${Number(found?.['keys'])} values of ${key.join(' + ')} stand more than once (${extra} extra rows), ${how}. ${cure}`,
  };
}

async function twinsApartFromId(
  db: Connection,
  config: ModelConfig,
  columns: readonly string[],
  rows: number,
): Promise<Finding | null> {
  const { id } = config.data;
  const others = columns.filter((name) => name !== id).map(quoteName);
  const content = `hash(${others.join(', ')})`;
  const [found] = await rowsOf(
    db,
    `SELECT coalesce(sum(ids - 1), 0) AS extra, min(example) AS example FROM (
       SELECT count(DISTINCT ${quoteName(id)}) AS ids, min(CAST(${quoteName(id)} AS VARCHAR)) AS example
       FROM raw GROUP BY ${content} HAVING count(*) > 1) WHERE ids > 1`,
  );
  const extra = Number(found?.['extra']);
  if (extra === 0) return null;
  const sentence = `${extra} rows repeat another row in everything but their id. Check that the source does not deliver rows twice under new ids.`;
  return {
    rule: 'repeated_content',
    column: null,
    severity: 'warn',
    count: extra,
    share: extra / rows,
    limit: 'no two rows alike',
    examples: [String(found?.['example'])],
    sentence,
  };
}
