/** What joins and windows are worth as of the newest data, written by the SQL that training used, for serving. */
import { join } from 'node:path';
import { modelFolder } from '../../registry/keys.ts';
import { canonicalJson, findDocument, getDocument, putBlob } from '../../store/content.ts';
import { rowsOf } from '../engine.ts';
import { quoteInstant, quoteName, quoteText } from '../sql-text.ts';
import { withTimeLimit } from '../user-sql.ts';
import { engineType, type FeatureJoin, type FeatureWindow } from './definition.ts';
import { createTimeline } from './join-timeline.ts';
import { type LookupRef, type LookupSet, lookupSet } from './lookup-contract.ts';
import { joinSelect, limitOf } from './lookup-tables.ts';
import { keyColumn } from './row-relation.ts';
import { type OpenedRows, type RowsInput, withRawRows } from './row-select.ts';
import { emptyValue, keysWithRows, windowSelect } from './window-values.ts';

/**
 * Writes and publishes one lookup a join and window of the definition, as of `asOf`: the values that a row with that
 * event time would have in training. Writing them again is no error and changes nothing.
 *
 * @param input `definition` of the version that will use them; the configuration's own by default
 * @returns null where the definition joins nothing and has no windows
 * @throws ReferenceMissing, ReferenceUnusable, UserSqlFailed, UserSqlTimedOut
 */
export async function materialiseLookups(input: RowsInput): Promise<LookupSet | null> {
  const { store, config, raw, asOf } = input;
  const { features } = config;
  const used = input.definition ?? features;
  if (Object.keys(used.joins ?? {}).length + Object.keys(used.windows ?? {}).length === 0) return null;
  return await withRawRows(input, async (rows) => {
    const { joins = [], windows = [], digest } = rows.definition;
    const key = lookupSetKey({ model: config.model, definition: digest, raw, as_of: asOf });
    const earlier = await findDocument(store, key, lookupSet);
    if (earlier) return earlier;
    const lookups: LookupRef[] = [];
    for (const each of joins) lookups.push(await joinLookup(input, rows, each));
    for (const each of windows) lookups.push(await windowLookup(input, rows, each));
    const set: LookupSet = { model: config.model, definition: digest, raw, as_of: asOf, lookups };
    const published = await store.create(key, Buffer.from(canonicalJson(set)));
    return published === 'created' ? set : await getDocument(store, key, lookupSet); // another attempt was quicker
  });
}

/** Keys of one definition ascend with `as_of`. */
export function lookupSetKey({ model, definition, raw, as_of }: Omit<LookupSet, 'lookups'>): string {
  const time = new Date(as_of).toISOString().replaceAll(/[-:.]/g, '');
  return `${modelFolder(model)}/lookups/${definition}/${time}-${raw.slice(0, 12)}.json`;
}

async function joinLookup(input: RowsInput, rows: OpenedRows, each: FeatureJoin): Promise<LookupRef> {
  const { db, references, asOf } = rows;
  const [timeline, keys] = ['_timeline', each.key.map((_, i) => keyColumn(i)).join(', ')];
  await createTimeline(db, each, references.get(each.path) ?? '', asOf, timeline);
  const probes = `(SELECT DISTINCT ${keys}, ${quoteInstant(asOf)} AS _at FROM ${timeline})`;
  const columns = each.columns.map(({ name, type }) => ({ name, type: engineType(type) }));
  const shape = {
    ...{ of: 'join' as const, name: each.name, columns, key: each.key.map(({ column }) => column) },
    missing: Object.fromEntries(columns.map(({ name }) => [name, null])),
  };
  const lookup = await write(input, rows, shape, joinSelect(each, timeline, probes));
  await db.run(`DROP TABLE ${timeline}`);
  return lookup;
}

async function windowLookup(input: RowsInput, rows: OpenedRows, each: FeatureWindow): Promise<LookupRef> {
  const { db, asOf, limitMs } = rows;
  const at = BigInt(Date.parse(asOf)) * 1000n;
  const keys = each.by.map((_, i) => keyColumn(i)).join(', ');
  const probes = `(SELECT ${keys}, ${quoteInstant(asOf)} AS _at FROM (${keysWithRows(each, rows, at)}))`;
  const select = await windowSelect(db, each, rows, probes, { first: at, last: at });
  const shape = {
    ...{ of: 'window' as const, name: each.name, key: each.by },
    columns: [{ name: each.name, type: engineType(each.type) }],
    missing: { [each.name]: await emptyValue(db, each, rows) },
  };
  return await withTimeLimit(db, limitOf(`features.windows.${each.name}`, limitMs), () =>
    write(input, rows, shape, select),
  );
}

type Shape = Pick<LookupRef, 'of' | 'name' | 'columns' | 'missing'> & { readonly key: readonly string[] };

async function write(
  { store }: RowsInput,
  { db, dir, asOf }: OpenedRows,
  { of, name, columns, missing, key }: Shape,
  select: string,
): Promise<LookupRef> {
  const keys = key.map((_, i) => keyColumn(i));
  const path = join(dir, 'lookup.parquet');
  const read = [...keys, ...columns.map((column) => quoteName(column.name))].join(', ');
  const [written] = await rowsOf(
    db,
    `COPY (SELECT ${read} FROM (${select}) ORDER BY ${keys.join(', ')}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  const file = {
    ...(await putBlob(store, { path }, `lookup-${of}-${name}.parquet`)),
    rows: Number(written?.['Count']),
  };
  return {
    ...{ kind: 'lookup', of, name, columns: [...columns], missing, as_of: asOf, file },
    key: key.map((column) => ({ column, type: 'VARCHAR' })),
  };
}
