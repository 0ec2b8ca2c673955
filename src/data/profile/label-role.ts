/** Which column is the label: two values and a name like one, or the one that was named. */
import { type ColumnSummary, LONGEST_TEXT } from './contract.ts';
import { DataUnsuitable, RoleUnclear } from './errors.ts';
import type { LabelRole } from './roles-contract.ts';

const LIKE_A_LABEL =
  /(^|_)(label|target|outcome|class|y|churn(ed)?|fraud(ulent)?|default(ed)?|late|delayed|convert(ed)?|conversion|click(ed)?|won|lost|return(ed)?|cancel(l?ed)?|respon(se|ded)|success|fail(ed|ure)?|readmitted|died|survived|approved|bought|purchased|up|down)$/i;
const LIKE_YES =
  /^(1|1\.0|true|t|yes|y|positive|pos|late|churn(ed)?|fraud(ulent)?|default(ed)?|bad|won|success|up|fail(ed|ure)?)$/i;

/** @throws RoleUnclear, DataUnsuitable */
export function labelRole(columns: readonly ColumnSummary[], given: string | undefined): LabelRole {
  if (given !== undefined) return describe(found(columns, given, '--label'), 'you named it');
  const twoValued = columns.filter(isTwoValued);
  const named = twoValued.filter(({ name }) => LIKE_A_LABEL.test(name));
  const [only, ...others] = named.length > 0 ? named : twoValued;
  if (only === undefined) {
    throw new DataUnsuitable(
      'no column has exactly two values, so nothing looks like a label of two classes',
      'Name the column to predict with --label <column>; a column of numbers makes a regression.',
    );
  }
  if (others.length > 0)
    throw new RoleUnclear(
      'label',
      [only, ...others].map(({ name }) => name),
    );
  return describe(only, named.length > 0 ? 'two values, and named like a label' : 'the only column with two values');
}

/** @throws DataUnsuitable naming what there is */
export function found(columns: readonly ColumnSummary[], name: string, option: string): ColumnSummary {
  const column = columns.find((each) => each.name === name);
  if (column) return column;
  const names = columns.slice(0, 20).map((each) => JSON.stringify(each.name));
  throw new DataUnsuitable(
    `it has no column ${JSON.stringify(name)}`,
    `Mend ${option}; there are ${names.join(', ')}${columns.length > 20 ? ', …' : ''} (capitals count).`,
  );
}

function isTwoValued({ kind, distinct, exact, missing, rows }: ColumnSummary): boolean {
  return kind !== 'other' && kind !== 'time' && exact && distinct === 2 && missing < rows * 0.95;
}

function describe(column: ColumnSummary, why: string): LabelRole {
  const { name, kind, distinct, missing, rows } = column;
  const known = rows === 0 ? 0 : (rows - missing) / rows;
  if (distinct < 2) {
    const values = distinct === 0 ? 'no value at all' : 'one value only';
    throw new DataUnsuitable(`the label ${JSON.stringify(name)} has ${values}`, 'Add rows with other outcomes.');
  }
  const isLong = column.top.some(({ value }) => String(value).length >= LONGEST_TEXT);
  if (distinct === 2 && kind !== 'time' && kind !== 'other' && !isLong) {
    const least = Math.min(...column.top.map((value) => value.rows));
    return { column: name, why, task: 'binary', known, rarer: least / (rows - missing), positive: positiveOf(column) };
  }
  if (kind === 'number') {
    const more = `${why}; more than two values, so a number to predict`;
    return { column: name, why: more, task: 'regression', known, rarer: null, positive: undefined };
  }
  throw new DataUnsuitable(
    `the label ${JSON.stringify(name)} is ${column.type} with ${distinct} values; a label is a number or one of two short values`,
    "Say which value is the one to predict in a source of type sql, such as SELECT *, kind = 'a' AS is_a FROM source.",
  );
}

/** 1 of 0 and 1, true of false, a word that means yes; else the rarer value. */
function positiveOf({ kind, top }: ColumnSummary): string | number | boolean {
  const values = top.map(({ value }) => value);
  if (kind === 'boolean') return true;
  if (kind === 'number') return Math.max(...values.map(Number));
  const yes = values.filter((value) => LIKE_YES.test(String(value)));
  return String(yes.length === 1 ? yes[0] : values.at(-1));
}
