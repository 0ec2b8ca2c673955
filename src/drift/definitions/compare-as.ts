/** A comparison told in another tool's definition, for people who move from it: its bins, limits and verdict rule. */
import type { Connection } from '../../data/engine.ts';
import { quoteName } from '../../data/sql-text.ts';
import { typesOf, type WindowColumn } from '../column-kinds.ts';
import type { ColumnDrift, DriftReport } from '../contract.ts';
import { read } from '../profile.ts';
import { percent, whole } from '../sentences.ts';
import { type ColumnValues, readColumn, type Stored, storedAs } from './column-values.ts';
import { evidently } from './evidently.ts';
import { chunks, nannyml } from './nannyml.ts';
import { type ToolColumn, ToolRefuses } from './tool-column.ts';

export type Tool = 'evidently' | 'nannyml';
export const toolNames = { evidently: 'Evidently 0.7.23', nannyml: 'NannyML 0.13.1' } as const;

export interface ToolInput {
  readonly tool: Tool;
  /** SQL text of the two windows. */
  readonly before: string;
  readonly after: string;
  readonly columns: readonly WindowColumn[];
  /** Chunks follow it where there is one, else the order of the rows. */
  readonly timeColumn: string | null;
  readonly currentName: string;
}

/** @param report hone's own; columns that no tool could test stay as they are in it */
export async function tellAs(db: Connection, report: DriftReport, input: ToolInput): Promise<DriftReport> {
  const { before, after, columns } = input;
  const [first, second] = [await typesOf(db, before), await typesOf(db, after)];
  const told: Record<string, ColumnDrift> = {};
  for (const column of columns) {
    const [own, now] = [storedAs(first.get(column.name) ?? ''), storedAs(second.get(column.name) ?? '')];
    const drift = report.columns[column.name];
    if (drift === undefined) continue;
    // hone leaves ids out; these tools do not know what an id is.
    const tested = (column.as !== null || (column.kind === 'id' && !column.byRole)) && own !== null && now !== null;
    told[column.name] = tested ? await tellColumn(db, input, column.name, drift, [own, now]) : drift;
  }
  const judged = Object.values(told).filter(({ verdict }) => verdict !== 'not_judged').length;
  const moved = Object.keys(told).filter((name) => told[name]?.verdict === 'moved');
  const share = judged === 0 ? null : moved.length / judged;
  const isMoved = input.tool === 'evidently' ? (share ?? 0) >= 0.5 : moved.length > 0;
  const verdict = share === null ? 'not_judged' : isMoved ? 'moved' : 'stable';
  const rule = input.tool === 'evidently' ? 'half of them make a data set that moved' : 'it gives no verdict on all';
  const sentence = `By ${toolNames[input.tool]}: ${moved.length} of ${judged} columns moved (${input.currentName}); ${rule}.`;
  return { ...report, columns: told, dataset: { share_moved: share, moved, judged, verdict, sentence } };
}

async function tellColumn(
  db: Connection,
  input: ToolInput,
  name: string,
  drift: ColumnDrift,
  stored: readonly [Stored, Stored],
): Promise<ColumnDrift> {
  const plain: ColumnDrift = {
    ...drift,
    ...{ psi: null, js_distance: null, ks_statistic: null, wasserstein_distance: null, chi_squared: null },
    ...{ threshold: null, noise: null, noise_from: null, p_value: null, verdict: 'not_judged' },
  };
  try {
    const one = await judged(db, input, name, stored);
    const { psi, js_distance, ks_statistic, wasserstein_distance, chi_squared } = one;
    return {
      ...plain,
      ...{ psi: finite(psi), js_distance: finite(js_distance), ks_statistic: finite(ks_statistic) },
      ...{ wasserstein_distance: finite(wasserstein_distance), chi_squared: finite(chi_squared) },
      ...{ threshold: finite(one.threshold), verdict: one.moved ? 'moved' : 'stable' },
      p_value: one.method.endsWith('p_value') ? finite(one.score) : null,
      sentence: sentenceOf(name, one, drift, input),
    };
  } catch (error) {
    if (!(error instanceof ToolRefuses)) throw error;
    return { ...plain, sentence: `${name}: not judged by ${toolNames[input.tool]}: ${error.message}.` };
  }
}

async function judged(
  db: Connection,
  { tool, before, after, timeColumn }: ToolInput,
  name: string,
  [own, now]: readonly [Stored, Stored],
): Promise<ToolColumn> {
  if (tool === 'nannyml') {
    const chunked = async (relation: string, stored: Stored) =>
      readColumn(db, relation, name, stored, await chunkSql(db, relation, timeColumn));
    return nannyml(await chunked(before, own), await chunked(after, now));
  }
  const [reference, current]: (ColumnValues | undefined)[] = [
    ...(await readColumn(db, before, name, own)).slice(0, 1),
    ...(await readColumn(db, after, name, now)).slice(0, 1),
  ];
  if (reference === undefined || current === undefined) throw new ToolRefuses('a window has no rows');
  return evidently(reference, current);
}

/** Ten chunks of equal size, and a shorter one for the rows left over. */
async function chunkSql(db: Connection, relation: string, timeColumn: string | null): Promise<string> {
  const [count] = await read(db, `SELECT count(*)::DOUBLE FROM ${relation}`);
  const size = Math.floor(Number(count?.[0]) / chunks);
  if (size === 0) throw new ToolRefuses(`a window has fewer than ${chunks} rows`);
  const order = timeColumn === null ? '' : `ORDER BY ${quoteName(timeColumn)}`;
  return `((row_number() OVER (${order})) - 1) // ${size}`;
}

function sentenceOf(name: string, one: ToolColumn, drift: ColumnDrift, { tool, currentName }: ToolInput): string {
  const limit = `${one.method} ${digits(one.score)} (limit ${digits(one.threshold)})`;
  const detail = one.detail === undefined ? '' : `, ${one.detail}`;
  const lost = drift.missing.current - drift.missing.reference;
  const missing =
    Math.abs(lost) >= 0.01
      ? ` Missing ${percent(drift.missing.reference)} → ${percent(drift.missing.current)}: ${toolNames[tool]} does not look at that.`
      : '';
  return `${name} ${one.moved ? 'moved' : 'is stable'} by ${toolNames[tool]}: ${limit}${detail}, ${whole(drift.n_current)} rows, ${currentName}.${missing}`;
}

function digits(value: number | null): string {
  return value === null || !Number.isFinite(value) ? 'unknown' : value.toPrecision(6);
}

function finite(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : value;
}
