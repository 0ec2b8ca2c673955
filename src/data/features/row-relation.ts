/** Raw rows together with the values of their joins and windows: what feature expressions are evaluated on. */
import { quoteName, quoteText } from '../sql-text.ts';
import { engineType, type FeatureDefinition } from './definition.ts';
import type { LookupRef } from './lookup-contract.ts';
import { WINDOWS } from './visible-columns.ts';

/** A table of values by `_key_0`, …, and by `_at` where values change with time. */
export interface PlacedTable {
  readonly table: string;
  readonly byTime: boolean;
  /** What a window is worth without rows; nothing for a join. */
  readonly missing: LookupRef['missing'];
}

export function keyColumn(index: number): string {
  return `_key_${index}`;
}

/** Keys are compared as text; null and empty mean one thing: no key. */
export function keyText(column: string): string {
  return `nullif(CAST(${column} AS VARCHAR), '')`;
}

/**
 * `relation` with a struct column for each join, and `windows`, so that `planes.seats` and `windows.delays` mean their
 * values at the row's own time. Rows are neither lost nor doubled: each table has a key, or a key and time, once.
 *
 * @param tables by name of the join or window
 * @param eventTime column of `relation`
 */
export function withLookups(
  relation: string,
  definition: FeatureDefinition,
  tables: ReadonlyMap<string, PlacedTable>,
  eventTime: string,
): string {
  const { joins = [], windows = [] } = definition;
  if (joins.length + windows.length === 0) return relation;
  const placed = [
    ...joins.map(({ name, key }) => ({ name, by: key.map(({ column }) => column) })),
    ...windows.map(({ name, by }) => ({ name, by })),
  ].map(({ name, by }, i) => ({ name, by, alias: `_lookup_${i}`, ...tableOf(tables, name) }));
  const aliasOf = new Map(placed.map((each) => [each.name, each]));
  const from = placed.map(({ table, alias, by, byTime }) => {
    const same = by.map((column, i) => `${keyText(`_raw.${quoteName(column)}`)} = ${alias}.${keyColumn(i)}`);
    if (byTime) same.push(`_raw.${quoteName(eventTime)} = ${alias}._at`);
    return `LEFT JOIN ${table} AS ${alias} ON ${same.join(' AND ')}`;
  });
  const structs = joins.map(({ name, columns }) => {
    const alias = aliasOf.get(name)?.alias;
    const fields = columns.map((column) => `${quoteName(column.name)} := ${alias}.${quoteName(column.name)}`);
    return `struct_pack(${fields.join(', ')}) AS ${quoteName(name)}`;
  });
  if (windows.length > 0) {
    const fields = windows.map(({ name, type }) => {
      const found = aliasOf.get(name);
      const value = `${found?.alias}.${quoteName(name)}`;
      const missing = literal(found?.missing[name] ?? null, engineType(type));
      return `${quoteName(name)} := CASE WHEN ${found?.alias}._key_0 IS NULL THEN ${missing} ELSE ${value} END`;
    });
    structs.push(`struct_pack(${fields.join(', ')}) AS ${WINDOWS}`);
  }
  return `(SELECT _raw.*, ${structs.join(', ')} FROM ${relation} AS _raw ${from.join(' ')})`;
}

function tableOf(tables: ReadonlyMap<string, PlacedTable>, name: string): PlacedTable {
  const found = tables.get(name);
  if (!found) throw new RangeError(`no values were made for "${name}"`);
  return found;
}

function literal(value: LookupRef['missing'][string], type: string): string {
  return value === null ? `CAST(NULL AS ${type})` : `CAST(${quoteText(String(value))} AS ${type})`;
}
