/** Two windows of any table, compared on their own: no store, no model, no server. */
import { type Connection, withDuckDb } from '../data/engine.ts';
import { parquetOf, quoteName } from '../data/sql-text.ts';
import type { DriftReport } from './contract.ts';
import { NoCommonColumns } from './errors.ts';
import { judgeDrift } from './judge.ts';
import { defaultJudgeOptions } from './judge-options.ts';
import { type ColumnSpec, profileGroups, read } from './profile.ts';
import { gridOf, millisecondsOf, referenceOf } from './reference.ts';

export interface CompareOptions {
  /** Columns to compare; by default every number, text and boolean that both windows have. */
  readonly columns?: readonly string[];
  /** Left out: ids and keys, which always differ. */
  readonly exclude?: readonly string[];
  /** Event time, so that days of the reference can tell the noise. */
  readonly timeColumn?: string;
  readonly psiLimit?: number;
  readonly minRows?: number;
  readonly referenceName?: string;
  readonly currentName?: string;
  readonly workDir: string;
  readonly signal?: AbortSignal;
}

/** @throws NoCommonColumns, ReferenceEmpty */
export async function compareWindows(
  referencePaths: readonly string[],
  currentPaths: readonly string[],
  options: CompareOptions,
): Promise<DriftReport> {
  return withDuckDb(
    { tempDir: options.workDir },
    async (db) => {
      const [before, after] = [parquetOf(referencePaths), parquetOf(currentPaths)];
      const columns = await commonColumns(db, before, after, options);
      const reference = await referenceOf(db, {
        relation: before,
        columns,
        timeColumn: options.timeColumn ?? null,
        name: options.referenceName ?? 'the reference window',
      });
      const frozen = columns.map((column) => ({ ...column, ...gridOf(reference.columns[column.name]?.profile) }));
      const current = (await profileGroups(db, after, frozen)).get(0) ?? { rows: 0, columns: {} };
      return judgeDrift(reference, current, {
        psiLimit: options.psiLimit ?? defaultJudgeOptions.psiLimit,
        minRows: options.minRows ?? defaultJudgeOptions.minRows,
        days: options.timeColumn === undefined ? null : await daysIn(db, after, options.timeColumn),
        windowName: options.currentName ?? 'the current window',
      });
    },
    options.signal,
  );
}

async function commonColumns(
  db: Connection,
  before: string,
  after: string,
  options: CompareOptions,
): Promise<ColumnSpec[]> {
  const [first, second] = [await kinds(db, before), await kinds(db, after)];
  const left = new Set([...(options.exclude ?? []), options.timeColumn]);
  const wanted = options.columns ?? [...first.keys()].filter((name) => !left.has(name));
  const columns: ColumnSpec[] = [];
  for (const name of wanted) {
    const kind = first.get(name);
    if (kind !== undefined && second.has(name)) {
      // A number that became a text is compared as text: its values are then new, and the column says so.
      columns.push({ name, kind: second.get(name) === 'categorical' ? 'categorical' : kind });
    }
  }
  if (columns.length === 0) throw new NoCommonColumns([...first.keys()], [...second.keys()]);
  return columns;
}

/** Columns by kind; times, lists and structures are left out. */
async function kinds(db: Connection, relation: string): Promise<Map<string, 'numeric' | 'categorical'>> {
  const [names, types] = await read(db, `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${relation})`);
  const found = new Map<string, 'numeric' | 'categorical'>();
  names?.forEach((name, i) => {
    const type = String(types?.[i]);
    if (/^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\))$/.test(type))
      found.set(String(name), 'numeric');
    else if (/^(VARCHAR|BOOLEAN|ENUM\(.*\)|UUID)$/.test(type)) found.set(String(name), 'categorical');
  });
  return found;
}

async function daysIn(db: Connection, relation: string, column: string): Promise<number> {
  const ms = await millisecondsOf(db, relation, column);
  const [days] = await read(
    db,
    `SELECT count(DISTINCT ${ms} // 86400000)::DOUBLE FROM ${relation} WHERE ${quoteName(column)} IS NOT NULL`,
  );
  return Number(days?.[0] ?? 0);
}
