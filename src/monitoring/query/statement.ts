/** Reads a query as DuckDB parses it, before any of it runs: one SELECT, over views that exist. */
import { z } from 'zod';
import { nearest } from '../../config/nearest.ts';
import { type Connection, rowsOf } from '../../data/engine.ts';
import { quoteText } from '../../data/sql-text.ts';
import { QueryRefused } from '../errors.ts';
import { type ViewName, viewNames } from './views.ts';

const parsed = z.looseObject({
  error: z.boolean(),
  error_type: z.string().optional(),
  error_message: z.string().optional(),
  statements: z.array(z.unknown()).optional(),
});

/** @returns the views that it reads @throws QueryRefused */
export async function viewsOf(db: Connection, sql: string): Promise<Set<ViewName>> {
  const [row] = await rowsOf(db, `SELECT json_serialize_sql(${quoteText(sql)}) AS tree`);
  const tree = parsed.parse(JSON.parse(String(row?.['tree'])));
  if (tree.error) {
    const select =
      tree.error_type === 'not implemented' ? 'it is no SELECT' : (tree.error_message ?? 'it cannot be parsed');
    throw new QueryRefused(select);
  }
  if (tree.statements?.length !== 1)
    throw new QueryRefused(`it is ${tree.statements?.length ?? 0} statements, and must be one`);
  const found = { tables: new Set<string>(), own: new Set<string>() };
  collect(tree.statements[0], found);
  const read = new Set<ViewName>();
  for (const name of found.tables) {
    const view = viewNames.find((one) => one === name.toLowerCase());
    if (view !== undefined) read.add(view);
    else if (!found.own.has(name)) throw new QueryRefused(unknownView(name));
  }
  return read;
}

function unknownView(name: string): string {
  const near = nearest(name, viewNames);
  return `there is no view ${JSON.stringify(name)}${near === undefined ? '' : ` (did you mean ${near}?)`}; there are ${viewNames.join(', ')}`;
}

/** Tables that are read anywhere inside, and names that the query gives itself (WITH … AS). */
function collect(node: unknown, found: { tables: Set<string>; own: Set<string> }): void {
  if (Array.isArray(node)) {
    for (const item of node) collect(item, found);
    return;
  }
  if (node === null || typeof node !== 'object') return;
  const fields = node as Record<string, unknown>;
  if (fields['type'] === 'BASE_TABLE' && typeof fields['table_name'] === 'string')
    found.tables.add(fields['table_name']);
  const map = (fields['cte_map'] as { map?: { key?: unknown }[] } | undefined)?.map ?? [];
  for (const { key } of map) if (typeof key === 'string') found.own.add(key);
  for (const value of Object.values(fields)) collect(value, found);
}
