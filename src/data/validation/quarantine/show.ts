/** Rows set aside as people may see them: in clear only what the privacy policy of the model keeps in clear. */
import { mkdir } from 'node:fs/promises';
import type { ModelConfig } from '../../../config/model.ts';
import { fetchBlob } from '../../../store/content.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { type Connection, rowsOf, withDuckDb } from '../../engine.ts';
import { quoteName, quoteText } from '../../sql-text.ts';
import { guardedColumns } from '../shown.ts';
import { isNamed, type QuarantineRecord, reasonText } from './record.ts';
import { OWN_COLUMNS, PLACE, REASONS } from './rows.ts';

export interface ShownRow {
  readonly reasons: string[];
  /** Values as text, by column; id and event time first. */
  readonly values: Record<string, string | null>;
}

export interface Shown {
  readonly rows: ShownRow[];
  /** Rows that match, shown or not. */
  readonly total: number;
  /** Columns that were left out for privacy. */
  readonly hidden: string[];
}

export interface ShowInput {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly record: QuarantineRecord;
  /** Only rows under this rule, by any of the names that `isNamed` takes. */
  readonly rule?: string;
  readonly limit: number;
  /** Shows every column as it is. */
  readonly clear: boolean;
  readonly cacheDir: string;
  readonly workDir: string;
}

/** In the order of the delivery. @throws ObjectMissing, ObjectCorrupt */
export async function quarantinedRows(input: ShowInput): Promise<Shown> {
  const { store, config, record, rule, limit, clear, cacheDir, workDir } = input;
  const { file, reasons } = record.aside;
  const path = await fetchBlob(store, file.sha256, cacheDir);
  const wanted = reasons.flatMap((reason, i) => (rule === undefined || isNamed(reason, rule) ? [i] : []));
  await mkdir(workDir, { recursive: true });
  return await withDuckDb({ tempDir: workDir, lockDown: true, allowedPaths: [path] }, async (db) => {
    const columns = await columnsOfRows(db, path);
    const guarded = guardedColumns(config);
    const shown = [...new Set([config.data.id, config.data.event_time, ...columns])].filter(
      (name) => columns.includes(name) && (clear || !guarded(name)),
    );
    const from = `FROM read_parquet(${quoteText(path)}) WHERE list_has_any(${quoteName(REASONS)}, [${wanted.join(', ')}]::INTEGER[])`;
    const [counted] = await rowsOf(db, `SELECT count(*) AS n ${from}`);
    const select = shown.map((name, i) => `CAST(${quoteName(name)} AS VARCHAR) AS c${i}`);
    const found = await rowsOf(
      db,
      `SELECT ${[...select, `array_to_string(${quoteName(REASONS)}, ',') AS why`].join(', ')} ${from}
       ORDER BY ${PLACE.join(', ')} LIMIT ${limit}`,
    );
    const rows = found.map((row) => ({
      reasons: String(row['why'])
        .split(',')
        .flatMap((i) => reasons[Number(i)] ?? [])
        .map(reasonText),
      values: Object.fromEntries(shown.map((name, i) => [name, row[`c${i}`] === null ? null : String(row[`c${i}`])])),
    }));
    return { rows, total: Number(counted?.['n']), hidden: columns.filter((name) => !shown.includes(name)) };
  });
}

/** The delivery's own columns in a file of rows set aside. */
export async function columnsOfRows(db: Connection, path: string): Promise<string[]> {
  const described = await rowsOf(db, `DESCRIBE SELECT * FROM read_parquet(${quoteText(path)})`);
  return described.map((row) => String(row['column_name'])).filter((name) => !OWN_COLUMNS.has(name));
}
