/** Which columns two windows share, what each holds, and which are tested for drift. */
import type { Connection } from '../data/engine.ts';
import { quoteName } from '../data/sql-text.ts';
import type { ColumnKind } from './contract.ts';
import { read } from './profile.ts';

/** What a model file says about columns; none of them is a feature. */
export interface ColumnRoles {
  readonly model: string;
  /** Such as `{ flight_id: 'the id' }`. */
  readonly notFeatures: ReadonlyMap<string, string>;
  /** Numbers that are names, such as a zip code. */
  readonly categories: ReadonlySet<string>;
}

export interface WindowColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** How it is profiled; null: not tested. */
  readonly as: 'numeric' | 'categorical' | null;
  /** Why it is not tested, as part of a sentence. */
  readonly untested: string | null;
  /** Not tested because the model file says so. */
  readonly byRole?: boolean;
}

/** Rows of the reference that are looked at to tell an id from a number or a category. */
const sampleRows = 50_000;
/** Each distinct count keeps a table of its own in memory. */
const columnsAtOnce = 50;
/** Fewer values than this may all differ by chance. */
const minUnique = 100;
export const fewValues = 20;
export const fewLevels = 50;

/**
 * Where one window keeps a number in single precision and the other in double (Parquet against CSV, often), 39.02 is two
 * values: both are then read in single precision.
 *
 * @returns the two relations, with casts where they are needed
 */
export async function samePrecision(db: Connection, before: string, after: string): Promise<[string, string]> {
  const [first, second] = [await typesOf(db, before), await typesOf(db, after)];
  const narrowed = (own: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>, relation: string): string => {
    const names = [...own.keys()].filter((name) => own.get(name) === 'DOUBLE' && other.get(name) === 'FLOAT');
    if (names.length === 0) return relation;
    return `(SELECT * REPLACE (${names.map((name) => `${quoteName(name)}::FLOAT AS ${quoteName(name)}`).join(', ')}) FROM ${relation})`;
  };
  return [narrowed(first, second, before), narrowed(second, first, after)];
}

/** DuckDB types by column, in the order of the relation. */
export async function typesOf(db: Connection, relation: string): Promise<Map<string, string>> {
  const [names, types] = await read(db, `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${relation})`);
  return new Map((names ?? []).map((name, i) => [String(name), String(types?.[i])]));
}

type Stored = 'numeric' | 'text' | 'boolean' | 'time' | 'uuid' | 'other';

/** Columns of the reference in its order; those that the current window lacks are named as not tested. */
export async function windowColumns(
  db: Connection,
  before: string,
  after: string,
  roles: ColumnRoles | null,
): Promise<WindowColumn[]> {
  const [first, second] = [await storedTypes(db, before), await storedTypes(db, after)];
  await believeTheOtherSide(db, before, after, first, second);
  const uniques = await uniqueColumns(db, before, first);
  return [...first].map(([name, type]) => {
    const kind = kindOf(name, type, uniques.get(name), roles);
    const now = second.get(name);
    const not = (untested: string): WindowColumn => ({ name, kind, as: null, untested });
    if (now === undefined) return not('it is not in the current window; check what writes it');
    const role = roles?.notFeatures.get(name);
    if (role !== undefined) return { ...not(`it is ${role} of ${roles?.model}, no feature`), byRole: true };
    if (kind === 'timestamp') return not('a timestamp always moves');
    if (kind === 'id') return not('it looks like an id: every row has a value of its own');
    if (kind === 'other') return not('it is no number, text or boolean');
    // A number that became a text is compared as text: its values are then new, and the column says so.
    const number = kind === 'numeric' && now === 'numeric';
    return {
      name,
      kind: number ? kind : kind === 'numeric' ? 'categorical' : kind,
      as: number ? 'numeric' : 'categorical',
      untested: null,
    };
  });
}

function kindOf(name: string, type: Stored, unique: Uniqueness | undefined, roles: ColumnRoles | null): ColumnKind {
  if (type === 'time') return 'timestamp';
  if (type === 'other') return 'other';
  if (type === 'uuid' || roles?.notFeatures.get(name) === 'the id') return 'id';
  if (roles !== null) return type === 'numeric' && !roles.categories.has(name) ? 'numeric' : 'categorical';
  if (type === 'text') return unique?.all === true ? 'id' : 'categorical';
  if (type === 'boolean') return 'categorical';
  // Distinct whole numbers may be amounts: only a name or an unbroken row of them tells an id.
  const named = /(^|_)(id|key|uuid|guid)$/i.test(name);
  return unique?.all === true && unique.whole && (named || unique.dense) ? 'id' : 'numeric';
}

async function storedTypes(db: Connection, relation: string): Promise<Map<string, Stored>> {
  return new Map([...(await typesOf(db, relation))].map(([name, type]) => [name, storedType(type)]));
}

function storedType(type: string): Stored {
  if (/^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\))$/.test(type)) return 'numeric';
  if (/^(VARCHAR|ENUM\(.*\))$/.test(type)) return 'text';
  if (type === 'BOOLEAN') return 'boolean';
  if (type === 'UUID') return 'uuid';
  return /^(TIME|DATE|INTERVAL)/.test(type) ? 'time' : 'other';
}

/** A column without any value has the type that its format gave it by default: the other side knows better. */
async function believeTheOtherSide(
  db: Connection,
  before: string,
  after: string,
  first: Map<string, Stored>,
  second: Map<string, Stored>,
): Promise<void> {
  const differing = [...first.keys()].filter((name) => second.has(name) && first.get(name) !== second.get(name));
  const [own, now] = [await knownValues(db, before, differing), await knownValues(db, after, differing)];
  for (const name of differing) {
    if (now.get(name) === 0) second.set(name, first.get(name) ?? 'other');
    else if (own.get(name) === 0) first.set(name, second.get(name) ?? 'other');
  }
}

async function knownValues(db: Connection, relation: string, names: readonly string[]): Promise<Map<string, number>> {
  if (names.length === 0) return new Map();
  const counts = names.map((name) => `count(${quoteName(name)})::DOUBLE`);
  const found = await read(db, `SELECT ${counts.join(', ')} FROM ${relation}`);
  return new Map(names.map((name, i) => [name, Number(found[i]?.[0])]));
}

interface Uniqueness {
  /** No value of the sample comes twice. */
  readonly all: boolean;
  readonly whole: boolean;
  /** Whole numbers almost without gaps. */
  readonly dense: boolean;
}

async function uniqueColumns(
  db: Connection,
  relation: string,
  types: ReadonlyMap<string, Stored>,
): Promise<Map<string, Uniqueness>> {
  const names = [...types].filter(([, type]) => type === 'numeric' || type === 'text').map(([name]) => name);
  const found = new Map<string, Uniqueness>();
  for (let i = 0; i < names.length; i += columnsAtOnce) {
    const some = names.slice(i, i + columnsAtOnce);
    for (const [name, one] of await uniqueAmong(db, relation, some, types)) found.set(name, one);
  }
  return found;
}

async function uniqueAmong(
  db: Connection,
  relation: string,
  names: readonly string[],
  types: ReadonlyMap<string, Stored>,
): Promise<Map<string, Uniqueness>> {
  const parts = names.flatMap((name) => {
    const x = quoteName(name);
    const number = types.get(name) === 'numeric';
    return [
      `count(${x})::DOUBLE`,
      `count(DISTINCT ${x})::DOUBLE`,
      number ? `(max(${x})::DOUBLE - min(${x})::DOUBLE)` : 'NULL::DOUBLE',
      number ? `bool_and(isfinite(${x}::DOUBLE) AND ${x}::DOUBLE = floor(${x}::DOUBLE))` : 'false',
    ];
  });
  const columns = names.map(quoteName).join(', ');
  const found = await read(
    db,
    `SELECT ${parts.join(', ')} FROM (SELECT ${columns} FROM ${relation} LIMIT ${sampleRows})`,
  );
  return new Map(
    names.map((name, i) => {
      const [known, distinct, range, whole] = found.slice(4 * i, 4 * i + 4).map((column) => column[0]);
      const all = known === distinct && Number(known) >= minUnique;
      return [name, { all, whole: whole === true, dense: whole === true && Number(range) < 1.5 * Number(known) }];
    }),
  );
}
