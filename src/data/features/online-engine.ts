/** The engine that evaluates feature expressions on requests: DuckDB in memory, one thread, locked down, one prepared statement. */
import { tmpdir } from 'node:os';
import { DuckDBInstance, type DuckDBPreparedStatement } from '@duckdb/node-api';
import { type Connection, engineSentence, isEngineError } from '../engine.ts';
import { UserSqlFailed } from '../errors.ts';
import { quoteName, quoteText } from '../sql-text.ts';
import { type FeatureDefinition, featureSelect } from './definition.ts';
import { FeatureRowsInvalid, type FieldProblem } from './errors.ts';
import { structField } from './online-lookup.ts';
import { type JsonField, type RawRows, rawRowsJson } from './raw-json.ts';

/** Where the values of a batch go. Columns are those of the definition that the engine was opened for. */
export interface EngineTarget {
  readonly number: (column: number, row: number, value: number) => void;
  readonly text: (column: number, row: number, value: string) => void;
}

/** SQL with one parameter: a JSON array of rows with the fields `reads`. */
export interface EngineStatement {
  readonly sql: string;
  readonly reads: readonly JsonField[];
  /** By place in the answer. */
  readonly types: readonly FeatureDefinition['columns'][number]['type'][];
}

export class OnlineEngine {
  readonly #instance: DuckDBInstance;
  readonly #db: Connection;
  #definition: Pick<FeatureDefinition, 'columns'> = { columns: [] };
  #reads: readonly JsonField[] = [];
  #sql = '';
  #select: DuckDBPreparedStatement | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(instance: DuckDBInstance, db: Connection) {
    this.#instance = instance;
    this.#db = db;
  }

  static async open(): Promise<OnlineEngine> {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: '256MB',
      threads: '1',
      temp_directory: tmpdir(),
      max_temp_directory_size: '0MB',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    try {
      const db = await instance.connect();
      await db.run("SET TimeZone = 'UTC'");
      await db.run('SET enable_external_access = false');
      await db.run('SET lock_configuration = true');
      return new OnlineEngine(instance, db);
    } catch (error) {
      instance.closeSync();
      throw error;
    }
  }

  /** For reading definitions before the first batch. */
  get db(): Connection {
    return this.#db;
  }

  /** What `prepare` has planned. */
  get statement(): EngineStatement {
    return { sql: this.#sql, reads: this.#reads, types: this.#definition.columns.map(({ type }) => type) };
  }

  /**
   * @param inputs what the expressions read: raw columns with their DuckDB types, lookups with those of their fields
   * @throws UserSqlFailed where an expression does not fit these columns
   */
  async prepare(
    model: string,
    definition: Pick<FeatureDefinition, 'columns'>,
    inputs: ReadonlyMap<string, string | ReadonlyMap<string, string>>,
  ): Promise<void> {
    this.#definition = definition;
    this.#reads = [...inputs].map(([name, type]) =>
      typeof type === 'string'
        ? { name, source: name }
        : { name, fields: [...type.keys()].map((field) => ({ name: field, source: structField(name, field) })) },
    );
    this.#sql = selectOf(definition, inputs);
    this.#select = await this.#db.prepare(this.#sql).catch((error: unknown) => {
      throw new UserSqlFailed(`the features of ${model}`, engineSentence(error), { cause: error });
    });
  }

  /**
   * All rows in one statement; batches take turns.
   *
   * @throws FeatureRowsInvalid naming the rows on which an expression fails
   */
  evaluate(rows: RawRows, into: EngineTarget): Promise<void> {
    const turn = this.#last.then(async () => {
      const problems: FieldProblem[] = [];
      await this.#part(rows, 0, rows.rows, into, problems);
      if (problems.length > 0) throw new FeatureRowsInvalid(problems.slice(0, 20), problems.length);
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Waits for the batches that were accepted. */
  async close(): Promise<void> {
    await this.#last;
    this.#select?.destroySync();
    this.#db.closeSync();
    this.#instance.closeSync();
  }

  /** What fails is halved until the rows that fail stand alone. */
  async #part(rows: RawRows, from: number, to: number, into: EngineTarget, problems: FieldProblem[]): Promise<void> {
    if (from === to) return;
    try {
      await this.#run(rawRowsJson(rows, this.#reads, from, to), from, into);
    } catch (error) {
      if (!isEngineError(error)) throw error;
      if (to - from === 1) {
        problems.push({ row: from, field: '*', problem: `fails: ${engineSentence(error)}` });
        return;
      }
      const middle = (from + to) >> 1;
      await this.#part(rows, from, middle, into, problems);
      await this.#part(rows, middle, to, into, problems);
    }
  }

  async #run(json: string, from: number, into: EngineTarget): Promise<void> {
    const select = this.#select;
    if (!select) throw new Error('These features were not prepared');
    select.bindVarchar(1, json);
    const result = await select.run();
    let start = from;
    for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      for (const [column, { type }] of this.#definition.columns.entries()) {
        if (type === 'string') {
          chunk.visitColumnValues(column, (value, row) => {
            into.text(column, start + row, value === null ? '' : String(value));
          });
        } else {
          chunk.visitColumnValues(column, (value, row) => {
            into.number(column, start + row, value === null ? Number.NaN : Number(value));
          });
        }
      }
      start += chunk.rowCount;
    }
  }
}

/** The parameter is one JSON array of rows; its values go through the same types as the raw snapshot had. */
function selectOf(
  definition: Pick<FeatureDefinition, 'columns'>,
  inputs: ReadonlyMap<string, string | ReadonlyMap<string, string>>,
): string {
  const types = [...inputs].map(([name, type]) => [name, typeof type === 'string' ? type : Object.fromEntries(type)]);
  const shape = JSON.stringify([Object.fromEntries(types)]);
  const fields = [...inputs.keys()].map((name) => `struct_extract(row, ${quoteText(name)}) AS ${quoteName(name)}`);
  // The cast gives the parameter its type, so that the plan made once serves every request.
  return `SELECT ${featureSelect(definition)} FROM (
    SELECT ${fields.length > 0 ? fields.join(', ') : '1 AS nothing'} FROM (
      SELECT unnest(from_json($1::VARCHAR, ${quoteText(shape)})) AS row
    )
  )`;
}
