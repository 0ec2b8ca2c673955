/** Two windows of any table, compared on their own: no store, no server. */
import { type Connection, withDuckDb } from '../data/engine.ts';
import { quoteName } from '../data/sql-text.ts';
import { type ColumnRoles, samePrecision, type WindowColumn, windowColumns } from './column-kinds.ts';
import type { ColumnDrift, ColumnKind, DriftReport, Profile, ReferenceProfile } from './contract.ts';
import { type Tool, tellAs } from './definitions/compare-as.ts';
import { type DerivedFeatures, withDerived } from './derived-columns.ts';
import { NoCommonColumns } from './errors.ts';
import { judgeDrift } from './judge.ts';
import { defaultJudgeOptions } from './judge-options.ts';
import { type ColumnSpec, profileGroups, read } from './profile.ts';
import { gridOf, referenceOf } from './reference.ts';
import { openWindow } from './window-files.ts';
import { spanOf, type WindowSpan } from './window-span.ts';

export interface CompareOptions {
  /** Columns to compare; by default every one that the reference has. */
  readonly columns?: readonly string[];
  /** What a model file says; kinds and ids are guessed where there is none. */
  readonly roles?: ColumnRoles | null;
  /** Features that a model file computes by SQL: added to both windows. */
  readonly features?: DerivedFeatures | null;
  /** Share of the whole by feature, from the version's trainer. */
  readonly importance?: Readonly<Record<string, number>> | undefined;
  /** Event time, so that days of the reference can tell the noise. */
  readonly timeColumn?: string | null;
  /** In whose definition the numbers are told; hone's own by default. */
  readonly definition?: 'hone' | Tool;
  readonly psiLimit?: number;
  readonly minRows?: number;
  /** Where relative paths start. */
  readonly cwd?: string;
  readonly workDir: string;
  readonly signal?: AbortSignal;
}

export interface Comparison {
  readonly report: DriftReport;
  /** What the report was made from; for pictures. */
  readonly reference: ReferenceProfile;
  readonly current: Profile;
  readonly definition: 'hone' | Tool;
  /** How sentences call the current window. */
  readonly currentName: string;
}

/** @throws WindowMissing, WindowUnreadable, NoCommonColumns, TimeColumnUnusable, ReferenceEmpty */
export async function compareWindows(before: string, after: string, options: CompareOptions): Promise<Comparison> {
  const { workDir, cwd = process.cwd(), timeColumn = null, roles = null, features = null } = options;
  return withDuckDb(
    { tempDir: workDir },
    async (db) => {
      const files = [
        await openWindow(db, before, { cwd, workDir, copyName: 'reference' }),
        await openWindow(db, after, { cwd, workDir, copyName: 'current' }),
      ] as const;
      const raw = { before: files[0].relation, after: files[1].relation };
      const derived = features === null ? { ...raw, untested: null } : await withDerived(db, raw, features);
      const [first, second] = [
        { ...files[0], relation: derived.before },
        { ...files[1], relation: derived.after },
      ];
      // A definition of another tool reads the files as that tool would.
      const { definition: tool = 'hone' } = options;
      const [own, now] = await samePrecision(db, first.relation, second.relation);
      const columns = (await windowColumns(db, own, now, roles)).filter(
        ({ name }) => options.columns?.includes(name) ?? true,
      );
      const tested = columns.flatMap(({ name, as }): ColumnSpec[] => (as === null ? [] : [{ name, kind: as }]));
      if (tested.length === 0) throw new NoCommonColumns(columns);
      const span = timeColumn === null ? null : await spanOf(db, second, timeColumn);
      if (timeColumn !== null) await spanOf(db, first, timeColumn);
      const reference = await referenceOf(db, {
        ...{ relation: own, columns: tested, timeColumn, name: first.name },
      });
      const frozen = tested.map((column) => ({ ...column, ...gridOf(reference.columns[column.name]?.profile) }));
      const current = (await profileGroups(db, now, frozen)).get(0) ?? { rows: 0, columns: {} };
      const currentName = nameOf(second.name, span);
      const judged = judgeDrift({ ...reference, name: nameOf(first.name, reference) }, current, {
        psiLimit: options.psiLimit ?? defaultJudgeOptions.psiLimit,
        minRows: options.minRows ?? defaultJudgeOptions.minRows,
        days: span === null ? null : span.days,
        windowName: currentName,
        importance: options.importance,
      });
      const untested = await untestedColumns(db, columns, [first.relation, second.relation]);
      for (const [name, reason] of derived.untested ?? []) untested.set(name, notTested(name, 'other', reason));
      const plain = inOrder(judged, untested, columns);
      const windows = { before: first.relation, after: second.relation, columns, timeColumn, currentName };
      const report = tool === 'hone' ? plain : await tellAs(db, plain, { tool, ...windows });
      return { report, reference, current, definition: tool, currentName };
    },
    options.signal,
  );
}

/** `2013-12.parquet, 2013-12-01 to 2013-12-31`. */
function nameOf(name: string, span: Pick<WindowSpan, 'from' | 'to'> | null): string {
  return span?.from == null || span.to == null ? name : `${name}, ${span.from.slice(0, 10)} to ${span.to.slice(0, 10)}`;
}

/** Columns that are named but not tested: their rows and missing values are still told. */
async function untestedColumns(
  db: Connection,
  columns: readonly WindowColumn[],
  [before, after]: readonly [string, string],
): Promise<Map<string, ColumnDrift>> {
  const wanted = columns.filter(({ as }) => as === null);
  const shared = wanted.filter(({ untested }) => !untested?.includes('not in the current'));
  const [first, second] = [await rowsAndMissing(db, before, wanted), await rowsAndMissing(db, after, shared)];
  return new Map(
    wanted.map(({ name, kind, untested }) => [
      name,
      {
        ...notTested(name, kind, untested ?? ''),
        ...{ n_reference: first.rows, n_current: second.missing.has(name) ? second.rows : 0 },
        missing: { reference: first.missing.get(name) ?? 0, current: second.missing.get(name) ?? 1 },
      },
    ]),
  );
}

function notTested(name: string, kind: ColumnKind, reason: string): ColumnDrift {
  return {
    ...{ kind, n_reference: 0, n_current: 0, missing: { reference: 0, current: 0 } },
    ...{ psi: null, js_distance: null, ks_statistic: null, wasserstein_distance: null, chi_squared: null },
    ...{ p_value: null, threshold: null, noise: null, noise_from: null },
    ...{ new_categories: [], new_category_share: null, verdict: 'not_judged' },
    sentence: `${name}: not tested: ${reason}.`,
  };
}

async function rowsAndMissing(
  db: Connection,
  relation: string,
  columns: readonly WindowColumn[],
): Promise<{ rows: number; missing: Map<string, number> }> {
  const counts = ['*', ...columns.map(({ name }) => quoteName(name))].map((one) => `count(${one})::DOUBLE`);
  const [all, ...known] = (await read(db, `SELECT ${counts.join(', ')} FROM ${relation}`)).map((column) =>
    Number(column[0]),
  );
  const rows = all ?? 0;
  const missing = columns.map(({ name }, i) => [name, rows === 0 ? 0 : 1 - (known[i] ?? 0) / rows] as const);
  return { rows, missing: new Map(missing) };
}

function inOrder(
  report: DriftReport,
  untested: Map<string, ColumnDrift>,
  columns: readonly WindowColumn[],
): DriftReport {
  const names = [...new Set([...columns.map(({ name }) => name), ...untested.keys()])];
  const all = names.map((name) => [name, report.columns[name] ?? untested.get(name)] as const);
  const { dataset } = report;
  const more = untested.size === 0 ? '' : ` ${untested.size} not tested.`;
  return {
    ...report,
    columns: Object.fromEntries(all.flatMap(([name, drift]) => (drift === undefined ? [] : [[name, drift]]))),
    dataset: { ...dataset, sentence: dataset.sentence + more },
  };
}
