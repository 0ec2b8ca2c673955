/** Answers one SELECT over what was recorded: read-only, locked down, with a limit of rows and of time. */
import { engineSentence, isEngineError, withDuckDb } from '../../data/engine.ts';
import { QueryRefused, QueryTimedOut } from '../errors.ts';
import { createViews, openViews, type SourceQuery } from './open-views.ts';
import { viewsOf } from './statement.ts';

export interface QueryRequest extends SourceQuery {
  readonly sql: string;
  readonly limit: number;
  readonly timeoutMs: number;
  /** Of the person who asked. */
  readonly signal: AbortSignal;
}

export interface QueryAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** At most `limit`; values as JSON has them, instants in ISO 8601. */
  readonly rows: readonly (readonly unknown[])[];
  /** There are more rows than these. */
  readonly truncated: boolean;
}

/** @throws QueryRefused, QueryTimedOut, ObjectCorrupt, StoreUnreachable */
export async function runQuery(request: QueryRequest): Promise<QueryAnswer> {
  const { sql, workDir, limit, timeoutMs, signal } = request;
  const wanted = await withDuckDb({ tempDir: workDir, threads: 1 }, (db) => viewsOf(db, sql));
  const opened = await openViews(request, wanted);
  const allowedPaths = opened.flatMap(({ files }) => files);
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await withDuckDb(
      { tempDir: workDir, lockDown: true, allowedPaths },
      async (db) => {
        await createViews(db, opened);
        const reader = await db.streamAndReadUntil(sql, limit + 1).catch((error: unknown) => {
          if (isEngineError(error) && !/out of memory|INTERRUPT/i.test(error.message))
            throw new QueryRefused(engineSentence(error), { cause: error });
          throw error;
        });
        const types = reader.columnTypes();
        return {
          columns: reader.deduplicatedColumnNames().map((name, i) => ({ name, type: String(types[i]) })),
          rows: reader
            .getRowsJS()
            .slice(0, limit)
            .map((row) => row.map(plain)),
          truncated: reader.currentRowCount > limit,
        };
      },
      AbortSignal.any([timeout, signal]),
    );
  } catch (error) {
    if (timeout.aborted && !signal.aborted) throw new QueryTimedOut(timeoutMs / 1000);
    throw error;
  }
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
