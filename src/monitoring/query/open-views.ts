/** Fetches what a query reads and makes views of it in a connection that may read nothing else. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection } from '../../data/engine.ts';
import { parquetOf, quoteName, quoteText } from '../../data/sql-text.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { labelsAsOf } from '../labels/labels.ts';
import { type DayRange, fetchPartitions } from '../log/partitions.ts';
import { type ModelDocuments, modelDocuments } from './documents.ts';
import { type ViewName, views } from './views.ts';

export interface SourceQuery {
  readonly store: ObjectStore;
  readonly models: readonly string[];
  /** Days of the event (predictions) or of the observation (labels, business). */
  readonly range: DayRange;
  /** Labels count as they were known then. */
  readonly asOf: string;
  readonly cacheDir: string;
  readonly workDir: string;
}

/** What stands behind a view: SQL, and the local files that it reads. */
export interface OpenedView {
  readonly name: ViewName;
  readonly select: string;
  readonly files: readonly string[];
}

export async function openViews(query: SourceQuery, wanted: ReadonlySet<ViewName>): Promise<OpenedView[]> {
  const documents = await documentsOf(query, wanted);
  return await Promise.all(
    [...wanted].map(async (name): Promise<OpenedView> => {
      if (name === 'ledger' || name === 'runs' || name === 'versions')
        return documentView(name, documents, query.workDir);
      return recordView(name, query);
    }),
  );
}

export async function createViews(db: Connection, opened: readonly OpenedView[]): Promise<void> {
  for (const { name, select } of opened) await db.run(`CREATE VIEW ${name} AS ${select}`);
}

async function documentsOf({ store, models }: SourceQuery, wanted: ReadonlySet<ViewName>): Promise<ModelDocuments[]> {
  if (!['ledger', 'runs', 'versions'].some((name) => wanted.has(name as ViewName))) return [];
  return await Promise.all(models.map((model) => modelDocuments(store, model, wanted)));
}

async function documentView(
  name: 'ledger' | 'runs' | 'versions',
  documents: readonly ModelDocuments[],
  workDir: string,
): Promise<OpenedView> {
  const path = join(workDir, `${name}.ndjson`);
  const rows = documents.flatMap((one) => one[name]);
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const columns = Object.entries(views[name].columns).map(([column, type]) => `${quoteText(column)}: '${type}'`);
  const select = `SELECT * FROM read_json(${quoteText(path)}, format = 'newline_delimited', columns = {${columns.join(', ')}})`;
  return { name, select: rows.length === 0 ? emptyOf(name) : select, files: [path] };
}

const folders = { predictions: 'log', label_reports: 'labels', business: 'business' } as const;

async function recordView(
  name: 'predictions' | 'labels' | 'label_reports' | 'business',
  { store, models, range, asOf, cacheDir }: SourceQuery,
): Promise<OpenedView> {
  const parts = await Promise.all(
    models.map(async (model) => {
      if (name === 'labels') {
        const { path } = await labelsAsOf(store, model, { ...range, asOf, cacheDir });
        return { model, files: [path] };
      }
      return { model, files: await fetchPartitions(store, model, folders[name], { ...range, cacheDir }) };
    }),
  );
  const selects = parts
    .filter(({ files }) => files.length > 0)
    .map(({ model, files }) => {
      if (name !== 'predictions') return `SELECT ${quoteText(model)} AS model, * FROM ${parquetOf(files)}`;
      // A node that lost its connection while writing may have written a row twice.
      return `SELECT DISTINCT ON (inference_id, version, arm) * FROM ${parquetOf(files)}`;
    });
  const select = [emptyOf(name), ...selects.map((one) => `(${one})`)].join(' UNION ALL BY NAME ');
  return { name, select, files: parts.flatMap(({ files }) => files) };
}

/** No row, but every column with its type. */
function emptyOf(name: ViewName): string {
  const columns = Object.entries(views[name].columns).map(([column, type]) => `NULL::${type} AS ${quoteName(column)}`);
  return `SELECT ${columns.join(', ')} WHERE false`;
}
