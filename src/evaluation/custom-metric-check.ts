/** Statements of `gate.metrics` before any run: each is bound to the columns that it will find, without a row of data. */
import { tmpdir } from 'node:os';
import { ConfigInvalid } from '../config/errors.ts';
import type { LoadedModel } from '../config/load.ts';
import type { ModelConfig } from '../config/model.ts';
import { type Problem, showPath, tidy } from '../config/problems.ts';
import { type Connection, engineSentence, isEngineError, withDuckDb } from '../data/engine.ts';
import { UserSqlFailed } from '../data/errors.ts';
import { sliceNames } from '../data/features/slices.ts';
import { quoteName } from '../data/sql-text.ts';
import { checkQuery } from '../data/user-sql.ts';
import { OWN_COLUMNS } from './custom-metrics.ts';

/** @throws ConfigInvalid with the place of every statement of these models that could not run */
export async function requireMetricsThatBind(models: Iterable<LoadedModel>): Promise<void> {
  const problems: Problem[] = [];
  for (const model of models) problems.push(...(await customMetricProblems(model)));
  if (problems.length > 0) throw new ConfigInvalid(tidy(problems));
}

/** @returns what is wrong, at the place of each statement; nothing where all could run */
export async function customMetricProblems({ config, file, origins }: LoadedModel): Promise<Problem[]> {
  const metrics = Object.entries(config.gate.metrics);
  if (metrics.length === 0) return [];
  return await withDuckDb({ tempDir: tmpdir(), lockDown: true, threads: 1 }, async (db) => {
    const columns = columnsOf(config).map(([name, type]) => `${quoteName(name)} ${type}`);
    await db.run(`CREATE TABLE predictions (${columns.join(', ')})`);
    const problems: Problem[] = [];
    for (const [name, { sql }] of metrics) {
      const message = await problemOf(db, sql);
      if (message === null) continue;
      const path = showPath(['gate', 'metrics', name, 'sql']);
      const at = origins.get(path)?.at ?? { file, line: 1, column: 1 };
      problems.push({ ...at, path, message, hint: `predictions has the columns ${names(config)}` });
    }
    return problems;
  });
}

async function problemOf(db: Connection, sql: string): Promise<string | null> {
  try {
    await checkQuery(db, sql, 'the statement');
    const { columnCount } = await db.prepare(sql);
    return columnCount === 1 ? null : `it gives ${columnCount} columns, not one number`;
  } catch (error) {
    if (error instanceof UserSqlFailed) return error.message.split('\n')[0] ?? error.message;
    if (!isEngineError(error)) throw error;
    return `${engineSentence(error)}${placeIn(sql, error.message)}`;
  }
}

/**
 * DuckDB shows the line with a caret below; of a long line only a part, with dots for the rest.
 *
 * @returns ` (line 1, column 12 of the statement)`, or nothing where the engine names no place
 */
function placeIn(sql: string, message: string): string {
  const [, number = '', shown = '', caret = ''] = /^LINE (\d+): (.*)\n( *)\^/m.exec(message) ?? [];
  if (number === '') return '';
  const part = shown.replace(/^\.\.\.|\.\.\.$/g, '');
  const begins = (sql.split('\n')[Number(number) - 1] ?? '').indexOf(part);
  const inPart = caret.length - `LINE ${number}: `.length - (shown.startsWith('...') ? 3 : 0);
  return begins < 0 ? '' : ` (line ${number}, column ${begins + inPart + 1} of the statement)`;
}

/** As an evaluation gives them: numbers of the model are FLOAT, what is text stays text. */
function columnsOf(config: ModelConfig): (readonly [name: string, type: string])[] {
  const { features } = config;
  const categories = new Set(features.categories.columns);
  const typed = [
    ...features.use.map((name) => [name, 'float32'] as const),
    ...Object.entries({ ...features.sql, ...features.windows }).map(([name, { type }]) => [name, type] as const),
  ];
  const own = Object.entries(OWN_COLUMNS);
  const taken = new Set(own.map(([name]) => name));
  const free = typed.filter(([name]) => !taken.has(name));
  const seen = new Set([...taken, ...free.map(([name]) => name)]);
  return [
    ...own,
    ...sliceNames(config).flatMap((name) => (seen.has(name) ? [] : [[name, 'VARCHAR'] as const])),
    ...free.map(([name, type]) => [name, categories.has(name) || type === 'string' ? 'VARCHAR' : 'FLOAT'] as const),
  ];
}

const names = (config: ModelConfig): string =>
  columnsOf(config)
    .map(([name]) => name)
    .join(', ');
