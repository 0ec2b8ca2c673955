/** What the SQL of features may name: raw columns known before the event, joined columns, windows; never the label. */
import { UserSqlFailed } from '../errors.ts';
import type { FeatureDefinition } from './definition.ts';

/** The struct column in which expressions find windows. */
export const WINDOWS = 'windows';

export class VisibleColumns {
  readonly #raw: ReadonlyMap<string, string>;
  readonly #hidden: ReadonlySet<string>;
  /** By name in small letters: the fields, and the raw columns that find a row's values. */
  readonly #structs = new Map<string, { fields: Set<string>; keysOf: (field: string) => readonly string[] }>();

  /** @throws UserSqlFailed where a join takes the name of a raw column, or a key is hidden or not there */
  constructor({ hidden, joins = [], windows = [] }: FeatureDefinition, columns: readonly string[]) {
    this.#raw = new Map(columns.map((name) => [name.toLowerCase(), name]));
    this.#hidden = new Set(hidden.map((name) => name.toLowerCase()));
    for (const join of joins) {
      const fields = join.columns.map(({ name }) => name);
      const keys = join.key.map(({ column }) => this.raw(column, `the key of features.joins.${join.name}`));
      this.#add(join.name, fields, () => keys);
    }
    if (windows.length === 0) return;
    const keys = new Map(
      windows.map(({ name, by }) => [
        name.toLowerCase(),
        by.map((column) => this.raw(column, `the key of features.windows.${name}`)),
      ]),
    );
    this.#add(
      WINDOWS,
      windows.map(({ name }) => name),
      (field) => keys.get(field) ?? [],
    );
  }

  /** @returns the raw columns behind `column`, `join.column` or `windows.name` */
  read(path: readonly string[], where: string): readonly string[] {
    const [first = '', second] = path;
    const struct = this.#structs.get(first.toLowerCase());
    if (!struct) return [this.raw(first, where)];
    const field = second?.toLowerCase();
    if (field !== undefined && struct.fields.has(field)) return struct.keysOf(field);
    const named = second === undefined ? `name one of its columns, as in ${first}.column` : `it has no "${second}"`;
    throw new UserSqlFailed(where, `"${first}" is a join or the windows: ${named}`);
  }

  /** @param hiddenToo for windows of labels */
  raw(column: string, where: string, hiddenToo = false): string {
    const name = column.toLowerCase();
    if (!hiddenToo && this.#hidden.has(name)) {
      throw new UserSqlFailed(where, `"${column}" is the label, its time or an outcome, known only afterwards`);
    }
    const found = this.#raw.get(name);
    if (found === undefined) throw new UserSqlFailed(where, `the source has no column "${column}"`);
    return found;
  }

  #add(name: string, fields: readonly string[], keysOf: (field: string) => readonly string[]): void {
    if (this.#raw.has(name.toLowerCase())) {
      throw new UserSqlFailed(`features.joins.${name}`, `the source has a column "${name}" too: give it another name`);
    }
    this.#structs.set(name.toLowerCase(), { fields: new Set(fields.map((each) => each.toLowerCase())), keysOf });
  }
}
