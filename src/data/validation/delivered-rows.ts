/** Source files as the relation and the manifest that rules work on, without a snapshot being made of them. */
import { join } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import type { Finding } from '../contract.ts';
import { type Connection, rowsOf } from '../engine.ts';
import { describeSource, type OpenedSource } from '../ingest/open-source.ts';
import { columnsOf, FILE, ROW, sourceRelation } from '../ingest/source-reader.ts';
import { createKnown } from '../ingest/source-table.ts';
import { quoteInstant, quoteName } from '../sql-text.ts';
import type { History, RawManifest } from './context.ts';

/** Nothing is hidden from rules that look for labels from the future. */
const NEVER = '9999-12-31T00:00:00.000Z';

export interface OpenedRows {
  /** With its source at the files. */
  readonly config: ModelConfig;
  readonly source: OpenedSource;
  readonly dir: string;
}

export interface DeliveredRows {
  readonly raw: RawManifest;
  readonly relation: string;
  readonly parquet: readonly string[];
}

type CheckRoles = (relation: string, columns: RawManifest['columns']) => Promise<Finding[]>;

/** @returns findings instead of rows where columns that give rows their meaning are not there */
export async function deliveredRows(
  db: Connection,
  input: OpenedRows & { asOf: string | null; now: string },
  checkRoles: CheckRoles,
): Promise<DeliveredRows | { findings: Finding[]; rows: number }> {
  const { config, source, dir } = input;
  const delivered = await sourceRelation({ db, ...source, config, dir });
  const shape = (await columnsOf(db, delivered)).filter(({ name }) => !isPlace(name));
  const findings = await checkRoles(delivered, shape);
  if (findings.length > 0) return { findings, rows: findings[0]?.count ?? 0 };

  await createKnown(db, delivered, config, NEVER);
  await db.run('ALTER VIEW known RENAME TO delivered');
  const relation = `(SELECT * EXCLUDE (${FILE}, ${ROW}), ${FILE} AS file_index, ${ROW} AS file_row_number FROM delivered)`;
  const columns = (await columnsOf(db, 'delivered')).filter(({ name }) => !isPlace(name));
  const time = quoteName(config.data.event_time);
  const [found] = await rowsOf(
    db,
    `SELECT count(*) AS n, epoch_ms(min(${time}) FILTER (WHERE isfinite(${time}))) AS first,
            epoch_ms(max(${time}) FILTER (WHERE isfinite(${time}) AND ${time} < ${quoteInstant(input.now)})) AS last
     FROM delivered`,
  );
  const newest = Number(found?.['last'] ?? Date.parse(input.now));
  const asOf = input.asOf ?? new Date(newest + 1).toISOString();
  const raw: RawManifest = {
    kind: 'raw',
    model: config.model,
    as_of: asOf,
    window: { from: new Date(Number(found?.['first'] ?? newest)).toISOString(), to: asOf },
    source: describeSource(config.data.source),
    rows: Number(found?.['n']),
    columns,
    files: await fileRows(db, source),
    label_coverage: [],
    producer: source.producer,
  };
  const parquet = source.format === 'parquet' ? source.files.map(({ path }) => path) : [join(dir, 'staged.parquet')];
  return { raw, relation, parquet };
}

/** Rows of earlier deliveries. Its role columns must be there: it was accepted once. */
export async function historyOf(db: Connection, { config, source, dir }: OpenedRows): Promise<History> {
  await createKnown(db, await sourceRelation({ db, ...source, config, dir }), config, NEVER);
  await db.run('ALTER VIEW known RENAME TO earlier');
  const columns = (await columnsOf(db, 'earlier')).filter(({ name }) => !isPlace(name));
  return { relation: 'earlier', columns };
}

async function fileRows(db: Connection, source: OpenedSource): Promise<RawManifest['files']> {
  const counted = await rowsOf(db, `SELECT ${FILE} AS file, count(*) AS n FROM delivered GROUP BY 1`);
  const rows = new Map(counted.map(({ file, n }) => [Number(file), Number(n)]));
  return source.files.map(({ name }, i) => ({ name, rows: rows.get(i) ?? 0 }));
}

function isPlace(name: string): boolean {
  return [FILE, ROW].includes(quoteName(name));
}
