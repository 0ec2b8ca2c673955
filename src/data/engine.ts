/** One short-lived DuckDB each piece of work: bounded, in UTC, without extensions, locked down before user SQL runs. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, version } from '@duckdb/node-api';
import { DataEngineFailed, DataEngineOutOfMemory, DataEngineOutOfSpace } from './errors.ts';
import { quoteList } from './sql-text.ts';

export type Connection = DuckDBConnection;

/** Part of a feature definition's digest: another engine version may round differently. */
export const engineVersion: string = version();

export interface EngineOptions {
  /** Limit of DuckDB's buffers; the process may take 1.5 to 2 times as much. */
  readonly memoryMb?: number;
  readonly threads?: number;
  /** Files, and folders written with a trailing `/`, that may be touched after the lock-down. */
  readonly allowedPaths?: readonly string[];
  /** Refuses every other file, every address and every change of settings: required wherever user SQL runs. */
  readonly lockDown?: boolean;
  /** Parent of this connection's own spill folder, which is removed afterwards. */
  readonly tempDir: string;
}

/**
 * Runs `work` on an in-memory database of its own.
 *
 * @param signal interrupts the running query; the promise then rejects with the signal's reason
 * @throws DataEngineOutOfMemory, DataEngineOutOfSpace; DataEngineFailed for any other error of the engine that `work`
 * did not translate itself
 */
export async function withDuckDb<T>(
  options: EngineOptions,
  work: (db: Connection) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted();
  await mkdir(options.tempDir, { recursive: true });
  const spill = await mkdtemp(join(options.tempDir, 'duckdb-'));
  let instance: DuckDBInstance | undefined;
  let db: Connection | undefined;
  const interrupt = () => db?.interrupt();
  try {
    instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${options.memoryMb ?? 1024}MB`,
      threads: String(options.threads ?? 2),
      temp_directory: spill,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    db = await instance.connect();
    await db.run("SET TimeZone = 'UTC'");
    if (options.lockDown) await lockDown(db, options.allowedPaths ?? []);
    signal?.addEventListener('abort', interrupt);
    return await work(db);
  } catch (error) {
    signal?.throwIfAborted();
    throw translate(error, options);
  } finally {
    signal?.removeEventListener('abort', interrupt);
    db?.closeSync();
    instance?.closeSync();
    await rm(spill, { recursive: true, force: true });
  }
}

/** All rows as plain objects; BIGINT arrives as bigint. */
export async function rowsOf(db: Connection, sql: string): Promise<Record<string, unknown>[]> {
  return (await db.runAndReadAll(sql)).getRowObjectsJS();
}

/** Whether an error is DuckDB's own refusal or failure of one statement ("Binder Error: …"), not one of hone's. */
export function isEngineError(error: unknown): error is Error {
  return error instanceof Error && /^[A-Z][A-Za-z ]+ (Error|exception|Exception): /.test(error.message);
}

/** The first line of the engine's message, without the echo of the statement. */
export function engineSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n\n')[0] ?? message).replaceAll(/\s+/g, ' ').trim().slice(0, 400);
}

async function lockDown(db: Connection, paths: readonly string[]): Promise<void> {
  const folders = paths.filter((path) => path.endsWith('/'));
  const files = paths.filter((path) => !path.endsWith('/'));
  await db.run(`SET allowed_directories = ${quoteList(folders)}`);
  await db.run(`SET allowed_paths = ${quoteList(files)}`);
  await db.run('SET enable_external_access = false');
  await db.run('SET lock_configuration = true');
}

function translate(error: unknown, options: EngineOptions): unknown {
  if (!isEngineError(error)) return error;
  if (/out of memory/i.test(error.message)) return new DataEngineOutOfMemory(options.memoryMb ?? 1024, error);
  if (/no space left|ENOSPC/i.test(error.message)) return new DataEngineOutOfSpace(options.tempDir, error);
  return new DataEngineFailed(engineSentence(error), error);
}
