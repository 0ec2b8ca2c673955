/** Features of rows as they arrive for prediction: the same SQL as offline, in a memory-only engine of one thread. */
import { tmpdir } from 'node:os';
import { DuckDBInstance, type DuckDBPreparedStatement } from '@duckdb/node-api';
import { type Connection, engineSentence, isEngineError } from '../engine.ts';
import { UserSqlFailed } from '../errors.ts';
import { quoteName, quoteText } from '../sql-text.ts';
import { type FeatureDefinition, featureSelect } from './definition.ts';
import { FeatureRowsInvalid } from './errors.ts';
import { checkExpressions } from './expression-check.ts';
import { rawRowsJson } from './raw-json.ts';

/** As scoring wants them: row-major numbers with NaN for null, one text array a category with `''` for null. */
export interface OnlineRows {
  readonly rows: number;
  readonly numeric: Float32Array;
  readonly categorical: string[][];
}

interface Engine {
  readonly instance: DuckDBInstance;
  readonly db: Connection;
  readonly accept: DuckDBPreparedStatement;
  readonly select: DuckDBPreparedStatement;
  readonly forget: DuckDBPreparedStatement;
}

export class OnlineFeatures {
  /** Raw columns that a request must carry, with their DuckDB types. */
  readonly inputs: ReadonlyMap<string, string>;
  readonly #definition: FeatureDefinition;
  readonly #engine: Engine;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /**
   * @param rawTypes DuckDB types of the raw columns (`columns` of the raw snapshot's manifest)
   * @throws UserSqlFailed where an expression does not fit these columns
   */
  static async open(definition: FeatureDefinition, rawTypes: Record<string, string>): Promise<OnlineFeatures> {
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
      const read = await checkExpressions(db, definition, Object.keys(rawTypes));
      const inputs = new Map(read.map((name) => [name, rawTypes[name] ?? 'VARCHAR']));
      // A table between request and features: the plan stays as it is. With the rows as a parameter of the select
      // DuckDB plans again each time, which costs three times as much as all the rest.
      await db.run('CREATE TEMP TABLE incoming (json VARCHAR)');
      const accept = await db.prepare('INSERT INTO incoming VALUES ($1)');
      const forget = await db.prepare('TRUNCATE incoming');
      const select = await db.prepare(selectOf(definition, inputs)).catch((error: unknown) => {
        throw new UserSqlFailed(`the features of ${definition.model}`, engineSentence(error), { cause: error });
      });
      return new OnlineFeatures(definition, inputs, { instance, db, accept, select, forget });
    } catch (error) {
      instance.closeSync();
      throw error;
    }
  }

  private constructor(definition: FeatureDefinition, inputs: ReadonlyMap<string, string>, engine: Engine) {
    this.inputs = inputs;
    this.#definition = definition;
    this.#engine = engine;
  }

  /**
   * @param rows raw columns by name; every column in `inputs` must be there, null where unknown; others are ignored
   * @returns features in the order of the definition, bit for bit those of the offline build
   * @throws FeatureRowsInvalid with row index and field of each problem
   */
  compute(rows: readonly Record<string, unknown>[]): Promise<OnlineRows> {
    if (this.#closed) return Promise.reject(new Error('These online features are closed'));
    let json: string;
    try {
      json = rawRowsJson(rows, this.inputs);
    } catch (error) {
      return Promise.reject(error);
    }
    // one table holds one request: requests take turns
    const turn = this.#last.then(() => this.#run(json, rows.length));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Waits for the requests that were accepted, then frees the engine. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last;
    const { instance, db, accept, select, forget } = this.#engine;
    for (const statement of [accept, select, forget]) statement.destroySync();
    db.closeSync();
    instance.closeSync();
  }

  async #run(json: string, expected: number): Promise<OnlineRows> {
    const width = this.#definition.numeric.length;
    const numeric = new Float32Array(expected * width);
    const categorical = this.#definition.categorical.map(() => new Array<string>(expected).fill(''));
    const { accept, select, forget } = this.#engine;
    let offset = 0;
    try {
      accept.bindVarchar(1, json);
      await accept.run();
      const result = await select.run();
      for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
        const start = offset;
        for (let column = 0; column < width; column++) {
          chunk.visitColumnValues(column, (value, row) => {
            numeric[(start + row) * width + column] = value === null ? Number.NaN : Number(value);
          });
        }
        for (const [i, target] of categorical.entries()) {
          chunk.visitColumnValues(width + i, (value, row) => {
            target[start + row] = value === null ? '' : String(value);
          });
        }
        offset += chunk.rowCount;
      }
    } catch (error) {
      if (!isEngineError(error)) throw error;
      throw new FeatureRowsInvalid([{ row: 0, field: '*', problem: `fails: ${engineSentence(error)}` }], 1);
    } finally {
      await forget.run();
    }
    return { rows: expected, numeric, categorical };
  }
}

/** The table holds one JSON array of rows; text goes through the same types as the raw snapshot had. */
function selectOf(definition: FeatureDefinition, inputs: ReadonlyMap<string, string>): string {
  const shape = JSON.stringify([Object.fromEntries(inputs)]);
  const fields = [...inputs.keys()].map((name) => `struct_extract(row, ${quoteText(name)}) AS ${quoteName(name)}`);
  return `SELECT ${featureSelect(definition)} FROM (
    SELECT ${fields.length > 0 ? fields.join(', ') : '1 AS nothing'} FROM (
      SELECT unnest(from_json(json, ${quoteText(shape)})) AS row FROM incoming
    )
  )`;
}
