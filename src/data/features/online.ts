/** Features of rows as they arrive for prediction: bare columns cast here, expressions by the same SQL and engine as offline. */
import { expressionParts } from '../user-sql.ts';
import { asText, NUMBER_CASTS } from './casts.ts';
import type { FeatureDefinition } from './definition.ts';
import { checkExpressions } from './expression-check.ts';
import { type BareCast, bareCast } from './online-bare.ts';
import { type EngineStatement, OnlineEngine } from './online-engine.ts';
import type { Lookups } from './online-lookup.ts';
import { type RawRows, readRawRows } from './raw-json.ts';

/** As scoring wants them: row-major numbers with NaN for null, one text array a category with `''` for null. */
export interface OnlineRows {
  readonly rows: number;
  readonly numeric: Float32Array;
  readonly categorical: string[][];
  /** Milliseconds since the epoch: what the values of joins and windows were known at; null without any. */
  readonly lookupAsOf: number | null;
}

/** Where each feature goes: its place among the numbers or among the categories. */
export type Place = { readonly numeric: number } | { readonly category: number };

interface Plan {
  readonly bare: readonly { readonly cast: BareCast; readonly place: Place }[];
  /** Places of the columns that the engine evaluates, in its order. */
  readonly evaluated: readonly Place[];
}

/** Casts of columns, and the engine's statement for the others; null where there are none. */
export interface OnlinePlan extends Plan {
  readonly statement: EngineStatement | null;
}

interface Parts {
  readonly definition: FeatureDefinition;
  readonly inputs: ReadonlyMap<string, string>;
  readonly plan: Plan;
  /** Null where every feature is a bare column. */
  readonly engine: OnlineEngine | null;
  readonly lookups: Lookups | null;
}

export class OnlineFeatures {
  /** Raw columns that a request must carry, with their DuckDB types. */
  readonly inputs: ReadonlyMap<string, string>;
  readonly #definition: FeatureDefinition;
  readonly #plan: Plan;
  readonly #engine: OnlineEngine | null;
  #lookups: Lookups | null;
  #closed = false;

  /**
   * @param rawTypes DuckDB types of the raw columns (`columns` of the raw snapshot's manifest)
   * @param lookups where the definition has joins or windows
   * @throws UserSqlFailed where an expression does not fit these columns; FeatureLookupUnusable
   */
  static async open(
    definition: FeatureDefinition,
    rawTypes: Readonly<Record<string, string>>,
    lookups: Lookups | null = null,
  ): Promise<OnlineFeatures> {
    const engine = await OnlineEngine.open();
    try {
      const { db } = engine;
      const structs: Lookups['structs'] = lookups?.structs ?? new Map();
      lookups?.checkKeys(rawTypes);
      // windows of labels read hidden columns, which no request has
      const raw = await checkExpressions(db, definition, [...Object.keys(rawTypes), ...definition.hidden]);
      const bare: Plan['bare'][number][] = [];
      const evaluated: FeatureDefinition['columns'][number][] = [];
      for (const column of definition.columns) {
        const cast = await bareCast(db, column, { raw: rawTypes, structs });
        if (cast) bare.push({ cast, place: placeOf(definition, column.name) });
        else evaluated.push(column);
      }
      const parts = {
        definition,
        inputs: new Map(raw.map((name) => [name, rawTypes[name] ?? 'VARCHAR'])),
        plan: { bare, evaluated: evaluated.map(({ name }) => placeOf(definition, name)) },
        lookups,
      };
      if (evaluated.length === 0) {
        await engine.close();
        return new OnlineFeatures({ ...parts, engine: null });
      }
      const named = new Set<string>();
      for (const { name, expr } of evaluated) {
        const { columns } = await expressionParts(db, expr, `feature "${name}"`);
        for (const column of columns) named.add(column.toLowerCase());
      }
      const known = new Map<string, string | ReadonlyMap<string, string>>([...Object.entries(rawTypes), ...structs]);
      const needed = new Map([...known].filter(([name]) => named.has(name.toLowerCase())));
      await engine.prepare(definition.model, { columns: evaluated }, needed);
      return new OnlineFeatures({ ...parts, engine });
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  private constructor({ definition, inputs, plan, engine, lookups }: Parts) {
    this.inputs = inputs;
    this.#definition = definition;
    this.#plan = plan;
    this.#engine = engine;
    this.#lookups = lookups;
  }

  /** Newer values of the same joins and windows; requests that are being computed keep theirs. */
  useLookups(lookups: Lookups): void {
    this.#lookups = lookups;
  }

  /** Names of the features that the engine evaluates; the others are bare columns. */
  get evaluated(): readonly string[] {
    const { numeric, categorical } = this.#definition;
    return this.#plan.evaluated.map(
      (place) => ('numeric' in place ? numeric[place.numeric] : categorical[place.category]) ?? '',
    );
  }

  /** How each feature comes about, for a runtime elsewhere. */
  get plan(): OnlinePlan {
    return { ...this.#plan, statement: this.#engine?.statement ?? null };
  }

  /**
   * @param rows raw columns by name; every column in `inputs` must be there, null where unknown; others are ignored
   * @returns features in the order of the definition, bit for bit those of the offline build
   * @throws FeatureRowsInvalid with row index and field of each problem
   */
  async compute(rows: readonly Record<string, unknown>[]): Promise<OnlineRows> {
    if (this.#closed) throw new Error('These online features are closed');
    const lookups = this.#lookups;
    const given = readRawRows(rows, this.inputs);
    const raw = lookups ? { ...given, columns: new Map([...given.columns, ...lookups.find(given)]) } : given;
    const width = this.#definition.numeric.length;
    const numeric = new Float32Array(raw.rows * width);
    const categorical = this.#definition.categorical.map(() => new Array<string>(raw.rows).fill(''));
    const number = (place: Place | undefined, row: number, value: number) => {
      if (place && 'numeric' in place) numeric[row * width + place.numeric] = value;
    };
    const text = (place: Place | undefined, row: number, value: string) => {
      const column = place && 'category' in place ? categorical[place.category] : undefined;
      if (column) column[row] = value;
    };
    for (const { cast, place } of this.#plan.bare) castColumn(raw, cast, place, number, text);
    const { evaluated } = this.#plan;
    await this.#engine?.evaluate(raw, {
      number: (column, row, value) => number(evaluated[column], row, value),
      text: (column, row, value) => text(evaluated[column], row, value),
    });
    return { rows: raw.rows, numeric, categorical, lookupAsOf: lookups?.asOf ?? null };
  }

  /** Waits for the requests that were accepted, then frees the engine. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#engine?.close();
  }
}

function placeOf({ numeric, categorical }: FeatureDefinition, name: string): Place {
  const at = numeric.indexOf(name);
  return at >= 0 ? { numeric: at } : { category: categorical.indexOf(name) };
}

function castColumn(
  raw: RawRows,
  { source, as }: BareCast,
  place: Place,
  number: (place: Place, row: number, value: number) => void,
  text: (place: Place, row: number, value: string) => void,
): void {
  const values = raw.columns.get(source) ?? [];
  if (as === 'text') {
    for (let row = 0; row < values.length; row++) text(place, row, asText(values[row] ?? null));
    return;
  }
  const cast = NUMBER_CASTS[as];
  for (let row = 0; row < values.length; row++) number(place, row, cast(values[row] ?? null));
}
