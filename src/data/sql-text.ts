/** How names and values enter SQL: always quoted, never pasted. */

/** A column, table or alias name: `we"ird` becomes `"we""ird"`. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text literal: `it's` becomes `'it''s'`. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A list of text literals, such as the files of `read_parquet`. */
export function quoteList(texts: readonly string[]): string {
  return `[${texts.map(quoteText).join(', ')}]`;
}

/** An instant literal; every connection of hone runs in UTC. */
export function quoteInstant(instant: string): string {
  return `TIMESTAMPTZ ${quoteText(new Date(instant).toISOString())}`;
}

/** A number literal in brackets (`x-` and a negative number would make a comment), as DOUBLE (decimals are slow). */
export function quoteNumber(value: number): string {
  return `(${Number.isFinite(value) ? value : quoteText(String(value))}::DOUBLE)`;
}

/** A Parquet table function over verified local files. */
export function parquetOf(files: readonly string[]): string {
  return `read_parquet(${quoteList(files)}, union_by_name = true, hive_partitioning = false)`;
}
