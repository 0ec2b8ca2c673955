/** Guesses the part of every column, says why, and leaves out what is no honest feature. */
import { columnName } from '../../config/values.ts';
import { count } from '../../numbers.ts';
import type { Connection } from '../engine.ts';
import type { ColumnSummary, DataProfile, ProfileSource } from './contract.ts';
import { DataUnsuitable } from './errors.ts';
import { entityRole, idRole, isName } from './id-role.ts';
import { labelRole } from './label-role.ts';
import { outcomesAmong } from './leaks.ts';
import type { Chosen, Given, Roles } from './roles-contract.ts';
import { timeRoles } from './time-roles.ts';

/** As `features.categories.max_levels` has it by default. */
const MAX_LEVELS = 200;

/**
 * @param db with the table `sample` of the profile
 * @throws RoleUnclear where several columns could be it; DataUnsuitable where none can
 */
export async function guessRoles(
  db: Connection,
  source: ProfileSource,
  { columns, rows }: DataProfile,
  given: Given,
): Promise<Roles> {
  if (rows < 2) throw new DataUnsuitable(`it has ${rows} row`, 'Bring more rows: weeks of them.');
  const label = labelRole(columns, given.label);
  const { time, labelTime, others } = await timeRoles(db, columns, label, given.time);
  const free = (used: readonly string[]) => columns.filter(({ name }) => !used.includes(name));
  const id = await idRole(db, source, free([label.column, time.column]), given.id);
  for (const { column } of [label, time, id]) usableName(column);
  const taken = [label.column, time.column, id.column, ...(labelTime ? [labelTime.column] : []), ...others];
  const entity = entityRole(free(taken), new Set());

  const excluded = new Map<string, string>(
    others.map((name) => [name, 'another time; derive an age from it under features.sql']),
  );
  for (const column of free([...taken, ...(entity ? [entity.column] : [])])) {
    const why = unfit(column, columns);
    if (why !== null) excluded.set(column.name, why);
  }
  if (entity) excluded.set(entity.column, 'the entity: a model would learn it by heart');
  const fit = free([...taken, ...excluded.keys()]);
  const outcomes = await outcomesAmong(db, fit, label);
  const features = fit.filter(({ name }) => !outcomes.some(({ column }) => column === name));
  const leftOut = columns.flatMap(({ name }): Chosen[] =>
    excluded.has(name) ? [{ column: name, why: excluded.get(name) ?? '' }] : [],
  );
  if (features.length === 0) {
    const listed = [...outcomes, ...leftOut]
      .slice(0, 10)
      .map(({ column, why }) => `${JSON.stringify(column)} (${why})`);
    throw new DataUnsuitable(
      `no column is left to predict from: ${listed.join('; ')}`,
      'Add columns that are known when the event happens.',
    );
  }
  const categories = features.filter(({ kind }) => kind === 'text');
  return {
    ...{ id, time, label, labelTime, entity, outcomes, leftOut },
    numbers: features
      .filter(({ kind }) => kind !== 'text')
      .map((column) => ({ column: column.name, why: numberNote(column) })),
    categories: categories.map(({ name, distinct }) => ({ column: name, why: `${distinct} different values` })),
  };
}

/** Why a column can be no feature as it stands; null where it can. */
function unfit(column: ColumnSummary, all: readonly ColumnSummary[]): string | null {
  const { name, kind, type, distinct, exact, missing, rows } = column;
  if (!columnName.safeParse(name).success) return 'hone cannot use this name; rename it in a source of type sql';
  const twin = all.find((other) => other !== column && other.name.toLowerCase() === name.toLowerCase());
  if (twin && all.indexOf(twin) < all.indexOf(column)) return 'differs from another column only in capitals';
  if (kind === 'other') return `${type} is neither a number nor a text`;
  if (missing >= rows) return 'no value at all';
  if (distinct < 2) return 'one value only';
  if (kind === 'text' && (!exact || distinct > MAX_LEVELS))
    return `${exact ? '' : 'about '}${count(distinct)} different texts are too many for a category`;
  if (kind === 'number' && isName(column) && distinct > MAX_LEVELS)
    return `${count(distinct)} different values, and named like a name of things, not like a measure`;
  if (/INT/.test(type) && !exact && distinct > rows * 0.8) return 'nearly every row has its own value, as ids have';
  return null;
}

function numberNote({ missing, rows }: ColumnSummary): string {
  return missing === 0 ? 'a number on every row' : `a number, missing on ${((100 * missing) / rows).toPrecision(2)} %`;
}

function usableName(name: string): void {
  if (columnName.safeParse(name).success) return;
  throw new DataUnsuitable(
    `the column ${JSON.stringify(name.slice(0, 80))} has a name that hone cannot use (control characters, or over 128 letters)`,
    'Rename it in a source of type sql, such as SELECT * RENAME (…) FROM source.',
  );
}
