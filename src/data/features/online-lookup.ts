/** Joins and windows at serving: the newest published lookups of a definition, held in memory by key, with their age. */
import { tmpdir } from 'node:os';
import { modelFolder } from '../../registry/keys.ts';
import { fetchBlob, findDocument } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { withDuckDb } from '../engine.ts';
import { parquetOf, quoteName } from '../sql-text.ts';
import { FeatureLookupUnusable } from './errors.ts';
import { type LookupRef, lookupSet } from './lookup-contract.ts';
import { integerTypes, type RawExact, type RawRows } from './raw-json.ts';
import { WINDOWS } from './visible-columns.ts';

/** Lookups and their files as verified local copies, in the same order. Plain data. */
export interface LookupFiles {
  /** Key of the published set; null for those that a version was registered with. */
  readonly key: string | null;
  readonly lookups: readonly LookupRef[];
  readonly paths: readonly string[];
}

/**
 * The newest set of one definition; keys ascend with `as_of`.
 *
 * @param known the newest set that the caller has; null is then the answer when nothing newer is there
 * @throws ObjectMissing, ObjectCorrupt, StoreUnreachable
 */
export async function newestLookups(
  store: ObjectStore,
  model: string,
  definition: string,
  cacheDir: string,
  known?: string,
): Promise<LookupFiles | null> {
  let newest: string | undefined;
  const folder = `${modelFolder(model)}/lookups/${definition}/`;
  for await (const key of store.list(folder, known === undefined ? {} : { after: known })) newest = key;
  if (newest === undefined) return null;
  const set = await findDocument(store, newest, lookupSet);
  if (set === undefined) return null;
  return await fetchLookups(store, newest, set.lookups, cacheDir);
}

/** @throws ObjectMissing, ObjectCorrupt, StoreUnreachable */
export async function fetchLookups(
  store: ObjectStore,
  key: string | null,
  lookups: readonly LookupRef[],
  cacheDir: string,
): Promise<LookupFiles> {
  const paths: string[] = [];
  for (const { file } of lookups) paths.push(await fetchBlob(store, file.sha256, cacheDir));
  return { key, lookups, paths };
}

interface Table {
  readonly ref: LookupRef;
  /** Values by column name, in row order. */
  readonly values: ReadonlyMap<string, readonly RawExact[]>;
  readonly rowOf: ReadonlyMap<string, number>;
}

/** Lookups of one time, ready to be asked. Never changed: a newer set is another object. */
export class Lookups {
  readonly #tables: readonly Table[];
  /** Milliseconds since the epoch: the oldest of them. */
  readonly asOf: number;

  private constructor(tables: readonly Table[], asOf: number) {
    this.#tables = tables;
    this.asOf = asOf;
  }

  /** @throws FeatureLookupUnusable when a file is not what its lookup says */
  static async load({ lookups, paths }: LookupFiles): Promise<Lookups> {
    const tables: Table[] = [];
    for (const [i, ref] of lookups.entries()) tables.push(await tableOf(ref, paths[i] ?? ''));
    return new Lookups(tables, Math.min(...lookups.map(({ as_of }) => Date.parse(as_of))));
  }

  /** DuckDB type by column, by the name under which expressions see it: a join's own, or `windows`. */
  get structs(): ReadonlyMap<string, ReadonlyMap<string, string>> {
    const structs = new Map<string, Map<string, string>>();
    for (const { ref } of this.#tables) {
      const fields = structs.get(structOf(ref)) ?? new Map<string, string>();
      for (const { name, type } of ref.columns) fields.set(name, type);
      structs.set(structOf(ref), fields);
    }
    return structs;
  }

  /** @throws FeatureLookupUnusable for a key whose text is the engine's own business, such as a time */
  checkKeys(rawTypes: Readonly<Record<string, string>>): void {
    for (const { ref } of this.#tables) {
      for (const { column } of ref.key) {
        const type = rawTypes[column] ?? 'missing';
        if (type === 'VARCHAR' || type === 'BOOLEAN' || integerTypes.has(type)) continue;
        throw new FeatureLookupUnusable(ref.name, `its key "${column}" is ${type}, not an integer, text or boolean`);
      }
    }
  }

  /** Values of each row by `structField`; a key that is not there has the values of `missing`. */
  find(raw: RawRows): Map<string, RawExact[]> {
    const found = new Map<string, RawExact[]>();
    for (const { ref, values, rowOf } of this.#tables) {
      const keys = ref.key.map(({ column }) => raw.columns.get(column) ?? []);
      const rows = Array.from({ length: raw.rows }, (_, i) => rowOf.get(keyText(keys.map((key) => key[i] ?? null))));
      for (const { name } of ref.columns) {
        const column = values.get(name) ?? [];
        const missing = ref.missing[name] ?? null;
        found.set(
          structField(structOf(ref), name),
          rows.map((row) => (row === undefined ? missing : (column[row] ?? null))),
        );
      }
    }
    return found;
  }
}

export function structField(struct: string, field: string): string {
  return JSON.stringify([struct, field]);
}

function structOf({ of, name }: LookupRef): string {
  return of === 'window' ? WINDOWS : name;
}

/** A null or empty part is no key: null and empty mean one thing. */
function keyText(parts: readonly RawExact[]): string {
  return parts.some((part) => part === null || part === '') ? '' : JSON.stringify(parts.map(String));
}

async function tableOf(ref: LookupRef, path: string): Promise<Table> {
  const keys = ref.key.map((_, i) => quoteName(`_key_${i}`));
  const columns = ref.columns.map(({ name, type }) => {
    const value = quoteName(name);
    return isExactInJs(type) ? value : `CAST(${value} AS VARCHAR)`; // the engine reads its own text back exactly
  });
  const read = await withDuckDb({ tempDir: tmpdir(), threads: 1, lockDown: true, allowedPaths: [path] }, async (db) =>
    (await db.runAndReadAll(`SELECT ${[...keys, ...columns].join(', ')} FROM ${parquetOf([path])}`)).getColumns(),
  ).catch((error: unknown) => {
    throw new FeatureLookupUnusable(ref.name, error instanceof Error ? error.message : String(error));
  });
  const rows = read[0]?.length ?? 0;
  if (rows !== ref.file.rows) throw new FeatureLookupUnusable(ref.name, `${rows} rows instead of ${ref.file.rows}`);
  const rowOf = new Map<string, number>();
  for (let row = 0; row < rows; row++) rowOf.set(keyText(keys.map((_, k) => text(read[k]?.[row]))), row);
  rowOf.delete('');
  if (rowOf.size !== rows) throw new FeatureLookupUnusable(ref.name, 'a key is null or stands in it twice');
  const values = ref.columns.map(({ name }, i) => [name, (read[keys.length + i] ?? []).map(exact)] as const);
  return { ref, values: new Map(values), rowOf };
}

function isExactInJs(type: string): boolean {
  return integerTypes.has(type) || ['FLOAT', 'DOUBLE', 'BOOLEAN', 'VARCHAR'].includes(type);
}

function text(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

function exact(value: unknown): RawExact {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return text(value);
}
