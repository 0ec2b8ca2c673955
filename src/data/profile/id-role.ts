/** Which column is the id (unique, on every row), and which names a thing that comes back (the entity). */

import { count } from '../../numbers.ts';
import { type Connection, rowsOf } from '../engine.ts';
import type { ColumnSummary, ProfileSource } from './contract.ts';
import { DataUnsuitable } from './errors.ts';
import { found } from './label-role.ts';
import type { Chosen } from './roles-contract.ts';

const LIKE_AN_ID = /^(id|uuid|guid|key|pk)$|(_id|_uuid|_key|id)$/i;
const LIKE_AN_ENTITY =
  /(customer|client|user|account|member|person|patient|device|machine|vehicle|tail|card|merchant|store|shop|product|sku|site|station|sensor|employee|subscriber|policy|household)/i;
const LIKE_A_NAME = /(_id|_no|_num|_number|_nr|_code|_key|uuid|id)$/i;
/** HyperLogLog is a few percent off: what is unique may look as if it were not. */
const NEARLY_ALL = 0.8;
const TRIED = 8;

/** @throws DataUnsuitable where nothing is unique; the exact count of different values spills to disk */
export async function idRole(
  db: Connection,
  source: ProfileSource,
  columns: readonly ColumnSummary[],
  given: string | undefined,
): Promise<Chosen> {
  if (given !== undefined) {
    const column = found(columns, given, '--id');
    const different = await countDifferent(db, source, given);
    if (different === column.rows && canBeId(column))
      return { column: given, why: 'you named it; unique on every row' };
    const problem = canBeId(column)
      ? `--id ${JSON.stringify(given)} has ${count(different)} different values in ${count(column.rows)} rows`
      : `--id ${JSON.stringify(given)} is ${column.type}, and an id is an integer or a text`;
    throw new DataUnsuitable(problem, 'An id is unique: it joins a prediction to its label.');
  }
  const likely = columns.filter(
    (column) => canBeId(column) && column.missing === 0 && column.distinct >= column.rows * NEARLY_ALL,
  );
  const ranked = [
    ...likely.filter(({ name }) => LIKE_AN_ID.test(name)),
    ...likely.filter(({ name }) => !LIKE_AN_ID.test(name)),
  ];
  const counts: string[] = [];
  for (const { name, rows } of ranked.slice(0, TRIED)) {
    const different = await countDifferent(db, source, name);
    if (different === rows) return { column: name, why: `unique: ${count(rows)} values in as many rows` };
    counts.push(`${JSON.stringify(name)} has ${count(different)} different values in ${count(rows)} rows`);
  }
  const nearest = counts.length === 0 ? '' : `; ${counts.slice(0, 3).join('; ')}`;
  throw new DataUnsuitable(
    `no column is an id, unique on every row${nearest}`,
    "Take repeated rows out, or make an id in a source of type sql, such as SELECT *, concat_ws('/', customer, at) AS id FROM source.",
  );
}

/** The most name-like column whose values come back; null where there is none, and every row stands for itself. */
export function entityRole(columns: readonly ColumnSummary[], taken: ReadonlySet<string>): Chosen | null {
  const repeated = columns.filter(
    (column) =>
      !taken.has(column.name) &&
      isName(column) &&
      column.distinct >= 50 &&
      column.distinct * 2 <= column.rows - column.missing,
  );
  const ranked = [...repeated].sort((a, b) => rank(a) - rank(b));
  const [best] = ranked;
  if (best === undefined) return null;
  const times = Math.round((best.rows - best.missing) / best.distinct);
  const about = best.exact ? '' : 'about ';
  return { column: best.name, why: `${about}${count(best.distinct)} different values, each about ${times} times` };
}

/** Whether a column names things instead of measuring them: a model would learn it by heart. */
export function isName({ name, kind, type }: ColumnSummary): boolean {
  return (
    (kind === 'text' || (kind === 'number' && /INT/.test(type))) &&
    (LIKE_A_NAME.test(name) || LIKE_AN_ENTITY.test(name))
  );
}

function rank({ name, kind }: ColumnSummary): number {
  return (LIKE_AN_ENTITY.test(name) ? 0 : 2) + (kind === 'text' ? 0 : 1);
}

function canBeId({ kind, type }: ColumnSummary): boolean {
  return kind === 'text' || /INT/.test(type);
}

async function countDifferent(db: Connection, { relation, columns }: ProfileSource, name: string): Promise<number> {
  const sql = columns.find((column) => column.name === name)?.sql ?? 'NULL';
  const [row] = await rowsOf(db, `SELECT count(DISTINCT ${sql}) AS n FROM ${relation}`);
  return Number(row?.['n']);
}
