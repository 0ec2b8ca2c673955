/** Reads SQL that a person wrote, as DuckDB parses it, before any of it runs. */
import { z } from 'zod';
import { durationMs } from '../config/values.ts';
import { type Connection, isEngineError, rowsOf } from './engine.ts';
import { UserSqlFailed, UserSqlTimedOut } from './errors.ts';
import { quoteText } from './sql-text.ts';

const parsed = z.looseObject({
  error: z.boolean(),
  error_message: z.string().optional(),
  statements: z.array(z.looseObject({ node: z.looseObject({ type: z.string() }) })).optional(),
});
const selectNode = z.looseObject({
  type: z.literal('SELECT_NODE'),
  select_list: z.array(z.unknown()),
  from_table: z.looseObject({ type: z.string() }),
  where_clause: z.null(),
});

/** @param configured a duration of the model file; ten minutes where it says nothing */
export function timeLimitMs(configured: string | undefined): number {
  return durationMs(configured ?? 'PT10M');
}

export interface TimeLimit {
  /** Whose SQL it is, for the message. */
  readonly where: string;
  /** Where the model file sets the limit. */
  readonly setting: string;
  readonly ms: number;
}

/**
 * Interrupts whatever runs on `db` when `work` takes longer than its limit. The engine looks between batches of 2,048 rows.
 *
 * @throws UserSqlTimedOut
 */
export async function withTimeLimit<T>(db: Connection, limit: TimeLimit, work: () => Promise<T>): Promise<T> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    db.interrupt();
  }, limit.ms);
  try {
    return await work();
  } catch (error) {
    if (late && isEngineError(error)) throw new UserSqlTimedOut(limit, { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const functionCall = z.looseObject({
  class: z.literal('FUNCTION'),
  is_operator: z.literal(false),
  function_name: z.string(),
});

/** What one expression uses, found anywhere inside it. */
export interface ExpressionParts {
  /** Column names as written, without those of a lambda's own parameters; of `a.b` the first part. */
  readonly columns: readonly string[];
  /** The same names in all their parts: `['a', 'b']`. */
  readonly paths: readonly (readonly string[])[];
  readonly functions: readonly string[];
  /** Syntax classes such as WINDOW, SUBQUERY, STAR. */
  readonly classes: readonly string[];
  /** Name of the function that the whole expression is a call of; null for anything else. */
  readonly call: string | null;
}

/** @throws UserSqlFailed unless the text is exactly one SELECT */
export async function checkQuery(db: Connection, query: string, where: string): Promise<void> {
  await parseOne(db, query, where);
}

/**
 * @param where for messages, such as `feature "dep_hour"`
 * @throws UserSqlFailed unless the text is one scalar expression: no second column, no clause, no second statement
 */
export async function expressionParts(db: Connection, expression: string, where: string): Promise<ExpressionParts> {
  await parseOne(db, `SELECT (${expression}\n)`, where); // no alias, no clause
  const select = selectNode.safeParse(await parseOne(db, `SELECT ${expression}\n`, where)); // no way out of the brackets
  if (!select.success || select.data.select_list.length !== 1 || select.data.from_table.type !== 'EMPTY') {
    throw new UserSqlFailed(where, 'it is not one expression over the columns of a row');
  }
  const found = nothingFound();
  collect(select.data.select_list[0], found, new Set());
  const paths = [...found.paths].map((path) => JSON.parse(path) as string[]);
  const call = functionCall.safeParse(select.data.select_list[0]);
  return {
    columns: [...new Set(paths.flatMap((path) => path.slice(0, 1)))],
    paths,
    functions: [...found.functions],
    classes: [...found.classes],
    call: call.success ? call.data.function_name.toLowerCase() : null,
  };
}

async function parseOne(db: Connection, sql: string, where: string): Promise<unknown> {
  const [row] = await rowsOf(db, `SELECT json_serialize_sql(${quoteText(sql)}) AS tree`);
  const tree = parsed.parse(JSON.parse(String(row?.['tree'])));
  if (tree.error) throw new UserSqlFailed(where, tree.error_message ?? 'it cannot be parsed');
  if (tree.statements?.length !== 1) throw new UserSqlFailed(where, 'it is more than one statement');
  return tree.statements[0]?.node;
}

interface Found {
  /** JSON of the parts. */
  paths: Set<string>;
  functions: Set<string>;
  classes: Set<string>;
}

function nothingFound(): Found {
  return { paths: new Set(), functions: new Set(), classes: new Set() };
}

function collect(node: unknown, found: Found, bound: ReadonlySet<string>): void {
  if (Array.isArray(node)) {
    for (const item of node) collect(item, found, bound);
    return;
  }
  if (node === null || typeof node !== 'object') return;
  const fields = node as Record<string, unknown>;
  if (typeof fields['class'] === 'string') found.classes.add(fields['class']);
  if (fields['class'] === 'LAMBDA') {
    const own = nothingFound();
    collect(fields['lhs'], own, new Set());
    const parameters = [...own.paths].map((path) => String((JSON.parse(path) as string[])[0]));
    collect(fields['expr'], found, new Set([...bound, ...parameters]));
    return;
  }
  if (fields['class'] === 'COLUMN_REF' && Array.isArray(fields['column_names'])) {
    // `a.b` may be table.column or a field of the struct `a`; there is no table to name, so the first part is the column
    const path = fields['column_names'].map(String);
    if (!bound.has(path[0] ?? '')) found.paths.add(JSON.stringify(path));
    return;
  }
  if (typeof fields['function_name'] === 'string') found.functions.add(fields['function_name'].toLowerCase());
  for (const value of Object.values(fields)) collect(value, found, bound);
}
