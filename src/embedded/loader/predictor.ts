/** Predictions from a bundle: the server's own reading of rows, casts and decisions, around any ONNX runtime and any DuckDB. */
import { asText, NUMBER_CASTS } from '../../data/features/casts.ts';
import { type RawRows, rawRowsJson, readRawRows } from '../../data/features/raw-json.ts';
import { decisionOf } from '../../serving/prediction-of.ts';
import type { EmbeddedBundle } from '../contract.ts';

/** The model: `numeric` row-major with NaN for null, one text array a category. @returns rows × width values */
export type RunModel = (input: {
  readonly rows: number;
  readonly numeric: Float32Array;
  readonly categorical: readonly (readonly string[])[];
}) => Promise<ArrayLike<number>>;

/** Runs the bundle's statement. @param json its parameter @returns one array of values a column, null where unknown */
export type Evaluate = (sql: string, json: string) => Promise<readonly (readonly unknown[])[]>;

export interface Predicted {
  /** Probability (binary), value (regression), or one probability a class. */
  readonly prediction: number | readonly number[];
  readonly decision: number | string | null;
}

/** What a record needs beside features and score; more columns, such as the entity, go along. */
export interface RecordedEvent {
  readonly inference_id: string;
  readonly event_time: string;
  readonly [column: string]: unknown;
}

type Row = Readonly<Record<string, unknown>>;
type Place = EmbeddedBundle['features']['evaluated'][number];

/** Relative to 1 + |expected|, as the server checks golden rows. */
const TOLERANCE = { regression: 1e-5, binary: 1e-6, multiclass: 1e-6 } as const;

export class Predictor {
  readonly bundle: EmbeddedBundle;
  readonly #run: RunModel;
  readonly #evaluate: Evaluate | null;

  private constructor(bundle: EmbeddedBundle, run: RunModel, evaluate: Evaluate | null) {
    this.bundle = bundle;
    this.#run = run;
    this.#evaluate = evaluate;
  }

  /**
   * Checks golden rows and probes before it answers anything.
   *
   * @param evaluate may be null where no feature is an expression
   * @throws Error where features or predictions differ from the server's
   */
  static async open(bundle: EmbeddedBundle, run: RunModel, evaluate: Evaluate | null): Promise<Predictor> {
    if (bundle.contract !== 1) throw new Error(`This loader reads bundles of contract 1, not ${bundle.contract}.`);
    if (bundle.features.statement !== null && evaluate === null)
      throw new Error(
        `Features of ${bundle.model} are SQL expressions (${evaluatedNames(bundle).join(', ')}) and no DuckDB was given, ` +
          'so nothing is predicted. Give the loader a DuckDB connection.',
      );
    const predictor = new Predictor(bundle, run, evaluate);
    await predictor.#check();
    return predictor;
  }

  /** @param rows raw columns by name, null where unknown @throws FeatureRowsInvalid naming row and field */
  async predict(rows: readonly Row[]): Promise<Predicted[]> {
    return this.#answers(await this.#scores(await this.#features(rows)));
  }

  /**
   * Answers, and for each a line for the prediction log: `hone monitor log import` takes them as JSON lines.
   *
   * @param events one a row: the id that its label will carry, ISO 8601 of the event, and the entity's column where there is one
   * @throws FeatureRowsInvalid
   */
  async predictAndRecord(
    rows: readonly Row[],
    events: readonly RecordedEvent[],
  ): Promise<{ answers: Predicted[]; records: Row[] }> {
    if (events.length !== rows.length)
      throw new Error(`${rows.length} rows need ${rows.length} events, got ${events.length}.`);
    const { signature, version } = this.bundle;
    const input = await this.#features(rows);
    const answers = this.#answers(await this.#scores(input));
    const width = signature.numeric.length;
    const records = answers.map(({ prediction }, row): Row => {
      const numbers = signature.numeric.map((name, i) => [name, input.numeric[row * width + i]] as const);
      const texts = signature.categorical.map((name, i) => [name, input.categorical[i]?.[row] || null] as const);
      const known = numbers.map(([name, value]) => [name, Number.isFinite(value) ? value : null]);
      return { ...Object.fromEntries([...known, ...texts]), ...events[row], version, score: prediction };
    });
    return { answers, records };
  }

  #answers(values: readonly number[][]): Predicted[] {
    const { signature, threshold } = this.bundle;
    return values.map((scores): Predicted => {
      const { prediction, decision } = decisionOf(signature, threshold, scores);
      return { prediction: scores.length > 1 ? scores : prediction, decision };
    });
  }

  async #features(rows: readonly Row[]) {
    const { inputs, features, signature } = this.bundle;
    const raw: RawRows = readRawRows(rows, new Map(Object.entries(inputs)));
    const width = signature.numeric.length;
    const numeric = new Float32Array(raw.rows * width);
    const categorical = signature.categorical.map(() => new Array<string>(raw.rows).fill(''));
    const put = (place: Place | undefined, row: number, value: number | string) => {
      if (place === undefined) return;
      if ('numeric' in place) numeric[row * width + place.numeric] = value as number;
      else (categorical[place.category] as string[])[row] = value as string;
    };
    for (const { cast, place } of features.bare) {
      const values = raw.columns.get(cast.source) ?? [];
      const read = cast.as === 'text' ? asText : NUMBER_CASTS[cast.as];
      values.forEach((value, row) => {
        put(place, row, read(value));
      });
    }
    const { statement } = features;
    if (statement !== null && this.#evaluate !== null && raw.rows > 0) {
      const columns = await this.#evaluate(statement.sql, rawRowsJson(raw, statement.reads, 0, raw.rows));
      statement.types.forEach((type, i) => {
        columns[i]?.forEach((value, row) => {
          const text = type === 'string';
          put(
            features.evaluated[i],
            row,
            value === null ? (text ? '' : Number.NaN) : text ? String(value) : Number(value),
          );
        });
      });
    }
    return { rows: raw.rows, numeric, categorical };
  }

  async #scores(input: Parameters<RunModel>[0]): Promise<number[][]> {
    if (input.rows === 0) return [];
    const values = Array.from(await this.#run(input));
    const width = values.length / input.rows;
    return Array.from({ length: input.rows }, (_, row) => values.slice(row * width, (row + 1) * width));
  }

  async #check(): Promise<void> {
    const { golden, probes, signature } = this.bundle;
    const width = signature.numeric.length;
    const given = await this.#features(probes.map(({ row }) => row));
    probes.forEach((probe, row) => {
      probe.numeric.forEach((expected, i) => {
        const found = given.numeric[row * width + i] as number;
        if (!Object.is(found, expected === null ? Number.NaN : Math.fround(expected)) && found !== expected)
          this.#differs('feature', signature.numeric[i], row, expected, found);
      });
      probe.categorical.forEach((expected, i) => {
        const found = given.categorical[i]?.[row];
        if (found !== expected) this.#differs('feature', signature.categorical[i], row, expected, found);
      });
    });
    this.#compare(
      'probe',
      probes.map(({ prediction }) => prediction),
      await this.#scores(given),
    );
    const rows = golden.length;
    const numeric = Float32Array.from(golden.flatMap((row) => row.numeric.map((value) => value ?? Number.NaN)));
    const categorical = signature.categorical.map((_, i) => golden.map((row) => row.categorical[i] ?? ''));
    const scores = await this.#scores({ rows, numeric, categorical });
    this.#compare(
      'golden row',
      golden.map(({ prediction }) => prediction),
      scores,
    );
  }

  #compare(what: string, expected: readonly (readonly number[])[], found: readonly (readonly number[])[]): void {
    const tolerance = TOLERANCE[this.bundle.signature.task];
    expected.forEach((values, row) => {
      values.forEach((value, i) => {
        const other = found[row]?.[i] ?? Number.NaN;
        if (!(Math.abs(other - value) <= tolerance * (1 + Math.abs(value))))
          this.#differs('prediction of', what, row, value, other);
      });
    });
  }

  #differs(what: string, name: string | undefined, row: number, expected: unknown, found: unknown): never {
    const { model, version, engine } = this.bundle;
    throw new Error(
      `Version ${version} of ${model} does not predict here as on the server: ${what} ${name}, row ${row}, is ${found} ` +
        `instead of ${expected}. Nothing was predicted. The bundle was made with ${engine}; use the same versions here.`,
    );
  }
}

function evaluatedNames({ features, signature }: EmbeddedBundle): string[] {
  return features.evaluated.map((place) =>
    String('numeric' in place ? signature.numeric[place.numeric] : signature.categorical[place.category]),
  );
}
