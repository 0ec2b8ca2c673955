/** Rows that a person vouched for are not set aside again: the same row, under the same rule as it was defined then. */
import type { ModelConfig } from '../../../config/model.ts';
import { fetchBlob } from '../../../store/content.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { rowsOf } from '../../engine.ts';
import { quoteName, quoteText } from '../../sql-text.ts';
import type { ValidationContext } from '../context.ts';
import { readReadmission } from './record.ts';
import { OWN_COLUMNS } from './rows.ts';
import type { Reason } from './set-aside.ts';

export interface Vouch {
  readonly reason: Reason;
  /** A local, verified copy of the rows. */
  readonly path: string;
}

/** @param digests of the readmissions in force, as the ledger's state names them */
export async function localVouches(
  store: ObjectStore,
  model: string,
  digests: readonly string[],
  cacheDir: string,
): Promise<Vouch[]> {
  const vouches: Vouch[] = [];
  for (const digest of digests) {
    const { rows } = await readReadmission(store, model, digest);
    const path = await fetchBlob(store, rows.file.sha256, cacheDir);
    vouches.push(...rows.reasons.map((reason) => ({ reason, path })));
  }
  return vouches;
}

/**
 * Takes vouched rows out of the table `aside`. A rule whose definition changed, or a row delivered with other contents,
 * is no longer what the person vouched for. Labels and outcomes may have arrived since.
 *
 * @returns rows that are not set aside any more
 */
export async function forgive(context: ValidationContext, vouches: readonly Vouch[]): Promise<number> {
  const { db, config, columns } = context;
  if (vouches.length === 0) return 0;
  const before = await placesAside(context);
  for (const { reason, path } of vouches) {
    const [limit, column] = [quoteText(reason.limit), reason.column === null ? 'NULL' : quoteText(reason.column)];
    const [known] = await rowsOf(
      db,
      `SELECT reason FROM aside_reasons WHERE rule = ${quoteText(reason.rule)} AND "limit" = ${limit} AND "column" IS NOT DISTINCT FROM ${column}`,
    );
    if (known === undefined) continue;
    const stored = await rowsOf(db, `DESCRIBE SELECT * FROM read_parquet(${quoteText(path)})`);
    const shared = stored
      .map((row) => String(row['column_name']))
      .filter((name) => columns.has(name) && !OWN_COLUMNS.has(name));
    if (!shared.includes(config.data.id)) continue;
    await db.run(
      `DELETE FROM aside USING (
         SELECT raw.file_index AS file, raw.file_row_number AS row FROM read_parquet(${quoteText(path)}) v
         JOIN raw ON ${shared.map((name) => same(config, name)).join(' AND ')}
       ) f WHERE aside.file = f.file AND aside.row = f.row AND aside.reason = ${Number(known['reason'])}`,
    );
  }
  return before - (await placesAside(context));
}

/** As text, so that a column whose type changed differs instead of failing. */
function same(config: ModelConfig, name: string): string {
  const { label, outcomes } = config.data;
  const [was, is] = [`CAST(v.${quoteName(name)} AS VARCHAR)`, `CAST(raw.${quoteName(name)} AS VARCHAR)`];
  if (name === config.data.id) return `${was} = ${is}`;
  const late = [label.column, label.available_at, ...outcomes].includes(name);
  return late ? `(${was} IS NULL OR ${was} IS NOT DISTINCT FROM ${is})` : `${was} IS NOT DISTINCT FROM ${is}`;
}

async function placesAside({ db }: ValidationContext): Promise<number> {
  const [found] = await rowsOf(db, 'SELECT count(DISTINCT (file, row)) AS n FROM aside');
  return Number(found?.['n']);
}
