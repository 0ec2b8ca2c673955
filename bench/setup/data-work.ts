/** One piece of work on a Parquet file in a process of its own, so that its CPU time and its memory are its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadWorkspace } from '../../src/config/load.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { type Connection, rowsOf, withDuckDb } from '../../src/data/engine.ts';
import { columnsOf } from '../../src/data/ingest/source-reader.ts';
import { kindOf, profileData } from '../../src/data/profile/profile.ts';
import { parquetOf, quoteName, quoteText } from '../../src/data/sql-text.ts';
import { openContext } from '../../src/data/validation/context.ts';
import { metadataFindings } from '../../src/data/validation/metadata-checks.ts';
import { openQuarantine } from '../../src/data/validation/quarantine/set-aside.ts';
import { repeatFindings } from '../../src/data/validation/repeats.ts';
import { rowFindings } from '../../src/data/validation/row-scan.ts';
import { shapeFindings } from '../../src/data/validation/shape.ts';

/** The ten checks, as a model file has them; that the id is unique is checked in any case. */
const RULES: ModelConfig['data']['rules'] = [
  { column: 'distance_miles', missing_at_most: 0, severity: 'reject' },
  { column: 'tail_number', missing_at_most: 0.1, severity: 'reject' },
  { column: 'plane_year', missing_at_most: 0.3, severity: 'reject' },
  { column: 'distance_miles', between: [0, 5500], severity: 'reject' },
  { column: 'sched_dep_minute', between: [0, 1439], severity: 'reject' },
  { column: 'origin', in: ['EWR', 'JFK', 'LGA'], severity: 'reject' },
  { column: 'dest', matches: '^[A-Z]{3}$', severity: 'reject' },
  { unique: ['batch', 'place'], severity: 'reject' },
];

type Work = (db: Connection, path: string, config: ModelConfig) => Promise<Record<string, unknown>>;
const works: Record<string, Work> = { checks, checks_and_more: allChecks, profile, read };
const [work = '', path = ''] = process.argv.slice(2);
const dir = await mkdtemp(join(tmpdir(), 'hone-bench-'));
try {
  const config = await shipped();
  const start = process.cpuUsage();
  const found = await withDuckDb({ tempDir: dir, lockDown: true, allowedPaths: [path, `${dir}/`] }, (db) =>
    (works[work] ?? read)(db, path, config),
  );
  const used = process.cpuUsage(start);
  const cpu_seconds = (used.user + used.system) / 1e6;
  console.log(JSON.stringify({ cpu_seconds, peak_mb: process.resourceUsage().maxRSS / 1024, ...found }));
} finally {
  await rm(dir, { recursive: true, force: true });
}

async function shipped(): Promise<ModelConfig> {
  const { models } = await loadWorkspace(resolve(import.meta.dirname, '../..'));
  const config = structuredClone(models.get('flights-delay')?.config);
  if (!config) throw new Error('config/models/flights-delay.yaml is gone');
  return config;
}

/** The ten alone: what can be switched off is off. That the id is unique and labels are of two classes always holds. */
async function checks(db: Connection, path: string, config: ModelConfig) {
  const off = Object.keys(config.data.checks ?? {}).map((rule) => [rule, 'off']);
  config.data.checks = Object.fromEntries(off);
  config.features = { ...config.features, use: ['distance_miles', 'sched_dep_minute'], sql: {} };
  config.features.categories.columns = [];
  Object.assign(config.gate.slices, { columns: [], critical: [] });
  return await allChecks(db, path, config);
}

/** Through the families of the validate stage that these rules belong to; what needs a past is left out. */
async function allChecks(db: Connection, path: string, config: ModelConfig) {
  const relation = parquetOf([path]);
  const columns = await columnsOf(db, relation);
  const rows = await rowCount(db, path);
  config.data.rules = [...RULES, { columns: columns.map(({ name }) => name), severity: 'reject' }];
  const asOf = '2014-01-02T00:00:00.000Z';
  const raw = {
    ...{
      kind: 'raw' as const,
      model: config.model,
      as_of: asOf,
      window: { from: '2013-01-01T00:00:00.000Z', to: asOf },
    },
    ...{ source: path, rows, columns, files: [{ name: 'all.parquet', rows }], label_coverage: [] },
    producer: { name: 'duckdb', version: '' },
  };
  const around = { db, config, raw, previous: null, asOf, horizon: asOf, dir, parquet: [path], references: new Map() };
  const context = await openContext(around, relation);
  await openQuarantine(db);
  const findings = [
    ...metadataFindings(config, raw, null),
    ...(await shapeFindings(context)),
    ...(await rowFindings(context)),
    ...(await repeatFindings(context)),
  ];
  return { rows, rejected: findings.filter(({ severity }) => severity === 'reject').map(({ sentence }) => sentence) };
}

async function profile(db: Connection, path: string) {
  const relation = parquetOf([path]);
  const columns = (await columnsOf(db, relation)).map((column) => ({ ...column, sql: quoteName(column.name) }));
  const { rows, columns: found } = await profileData(db, { relation, columns, fileRows: [await rowCount(db, path)] });
  return { rows, columns: found.length };
}

/** The least that reads every value of every column. */
async function read(db: Connection, path: string) {
  const relation = parquetOf([path]);
  const columns = await columnsOf(db, relation);
  const sums = columns.map(({ name, type }) => {
    const column = quoteName(name);
    const kind = kindOf(type);
    if (kind === 'number') return `sum(${column})`;
    return kind === 'text' ? `sum(strlen(${column}))` : `bit_xor(epoch_us(${column}))`;
  });
  await db.runAndReadAll(`SELECT ${sums.join(', ')} FROM ${relation}`);
  return { rows: await rowCount(db, path), columns: columns.length };
}

async function rowCount(db: Connection, path: string): Promise<number> {
  const [footer] = await rowsOf(db, `SELECT num_rows FROM parquet_file_metadata(${quoteText(path)})`);
  return Number(footer?.['num_rows']);
}
