/** A reference table as a timeline: for each key, from which instant on which values hold as far as was known. */
import { type Connection, rowsOf } from '../engine.ts';
import { quoteInstant, quoteName } from '../sql-text.ts';
import { engineType, type FeatureJoin } from './definition.ts';
import { ReferenceUnusable } from './errors.ts';
import { keyColumn, keyText } from './row-relation.ts';

/**
 * Creates the table `name`: `_key_0`, …, `_from` (TIMESTAMPTZ), then the join's columns. What holds at t is the row of
 * the key with the newest `_from` at or before t.
 *
 * Where rows become known later than they hold, `_from` is when the best row changed as people knew it: never a
 * correction before it was known, never an older row over a newer one.
 *
 * @param relation the reference table
 * @param asOf rows that hold or became known later are left out
 * @throws ReferenceUnusable with the count of rows without key or time, of values that do not fit their type, and of
 * rows that say two things at once
 */
export async function createTimeline(
  db: Connection,
  join: FeatureJoin,
  relation: string,
  asOf: string,
  name: string,
): Promise<void> {
  const keys = join.key.map((_, i) => keyColumn(i));
  const values = join.columns.map((column) => quoteName(column.name));
  await requireColumns(db, join, relation);
  await refuseUnfit(db, join, relation);
  const read = [
    ...join.key.map(({ reference }, i) => `${keyText(quoteName(reference))} AS ${keyColumn(i)}`),
    `${timeOf(join.valid_from)} AS _valid`,
    `${timeOf(join.known_at)} AS _known`,
    ...join.columns.map((column) => `${castOf(column)} AS ${quoteName(column.name)}`),
  ];
  const known = `(SELECT ${read.join(', ')} FROM ${relation})
    WHERE _valid <= ${quoteInstant(asOf)} AND _known <= ${quoteInstant(asOf)}`;
  await refuseRepeats(db, join, `SELECT ${keys.join(', ')}, _valid, _known FROM ${known}`);
  const select =
    join.known_at === null
      ? `SELECT ${keys.join(', ')}, _valid AS _from, ${values.join(', ')} FROM ${known}`
      : `SELECT DISTINCT ${keys.join(', ')}, _from, ${values.map((value) => `best.${value} AS ${value}`).join(', ')} FROM (
           SELECT ${keys.join(', ')}, greatest(_valid, _known) AS _from,
             arg_max(struct_pack(${values.map((value) => `${value} := ${value}`).join(', ')}), {v: _valid, k: _known})
               OVER (PARTITION BY ${keys.join(', ')} ORDER BY greatest(_valid, _known)) AS best
           FROM ${known})`;
  await db.run(`CREATE TEMP TABLE ${name} AS ${select}`);
}

/** Where nothing is said, rows hold, and were known, from the beginning of time. */
function timeOf(column: string | null): string {
  return column === null ? "TIMESTAMPTZ '-infinity'" : `TRY_CAST(${quoteName(column)} AS TIMESTAMPTZ)`;
}

function castOf({ name, type }: FeatureJoin['columns'][number]): string {
  return `TRY_CAST(${quoteName(name)} AS ${engineType(type)})`;
}

async function requireColumns(db: Connection, join: FeatureJoin, relation: string): Promise<void> {
  const rows = await rowsOf(db, `DESCRIBE SELECT * FROM ${relation}`);
  const types = new Map(rows.map((row) => [String(row['column_name']).toLowerCase(), String(row['column_type'])]));
  const wanted = [...join.key.map(({ reference }) => reference), ...join.columns.map(({ name }) => name)].concat(
    [join.valid_from, join.known_at].filter((column) => column !== null),
  );
  const lost = wanted.filter((column) => !types.has(column.toLowerCase()));
  if (lost.length > 0) {
    const there = rows.map((row) => row['column_name']).join(', ');
    const problem = `it has no column ${lost.join(', ')}`;
    throw new ReferenceUnusable(join.name, join.path, problem, `Its columns are ${there}.`);
  }
  for (const { reference } of join.key) {
    const type = types.get(reference.toLowerCase()) ?? '';
    if (isKeyType(type)) continue;
    const problem = `its key "${reference}" is ${type}, which has no one spelling`;
    throw new ReferenceUnusable(join.name, join.path, problem, 'Deliver keys as text or integers.');
  }
}

/** Integers, text and truth values are spelt in one way, by every engine. */
export function isKeyType(type: string): boolean {
  return type === 'VARCHAR' || type === 'BOOLEAN' || /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/.test(type);
}

async function refuseUnfit(db: Connection, join: FeatureJoin, relation: string): Promise<void> {
  const wrong: [string, string][] = [
    ...join.key.map(({ reference }): [string, string] => [
      `no ${reference}, a key`,
      `${keyText(quoteName(reference))} IS NULL`,
    ]),
    ...[join.valid_from, join.known_at]
      .filter((column) => column !== null)
      .map((column): [string, string] => [
        `no usable time in ${column}`,
        `${timeOf(column)} IS NULL OR NOT isfinite(${timeOf(column)})`,
      ]),
    ...join.columns.map((column): [string, string] => [
      `a ${column.name} that is no ${column.type}`,
      `${quoteName(column.name)} IS NOT NULL AND ${castOf(column)} IS NULL`,
    ]),
  ];
  const counts = wrong.map(([, condition], i) => `count(*) FILTER (WHERE ${condition}) AS c${i}`);
  const [found = {}] = await rowsOf(db, `SELECT ${counts.join(', ')} FROM ${relation}`);
  const problems = wrong.flatMap(([what], i) =>
    Number(found[`c${i}`]) > 0 ? [`${found[`c${i}`]} rows have ${what}`] : [],
  );
  if (problems.length > 0) {
    throw new ReferenceUnusable(join.name, join.path, problems.join('; '), 'Mend the table, then start a new run.');
  }
}

async function refuseRepeats(db: Connection, join: FeatureJoin, select: string): Promise<void> {
  const [found] = await rowsOf(
    db,
    `SELECT coalesce(sum(n), 0) AS rows, count(*) AS keys, any_value(_key_0) AS example
     FROM (SELECT *, count(*) AS n FROM (${select}) GROUP BY ALL HAVING n > 1)`,
  );
  if (Number(found?.['keys']) === 0) return;
  const times = [join.valid_from, join.known_at].filter((column) => column !== null).join(' and ');
  const same = times === '' ? 'the same key' : `the same key and ${times}`;
  throw new ReferenceUnusable(
    join.name,
    join.path,
    `${found?.['rows']} rows have ${same} as another row (${found?.['keys']} keys, such as ${JSON.stringify(found?.['example'])}), so it would be chance which one counts`,
    'Keep one of each, or say under valid_from or known_at which one came later.',
  );
}
