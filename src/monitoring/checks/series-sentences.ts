/** What a KPI or a proxy says to its owner: how much against its own past, limit and noise, then who is asked. */
import { percent, short, whole } from '../../drift/sentences.ts';
import type { Finding, FindingState, SeriesReport } from '../contract.ts';
import { windowName } from '../windows.ts';

interface Needed {
  readonly need: number;
  readonly of: number;
}

/** @param worse of the judged weeks, newest first; null where a week was not judged */
export function seriesFinding(
  report: SeriesReport,
  worse: readonly (boolean | null)[],
  needed: Needed,
  owner: string,
): Finding {
  const [newest] = report.windows;
  if (newest === undefined) throw new RangeError('a series needs at least one week');
  const windows = {
    beyond: worse.filter((one) => one === true).length,
    judged: worse.filter((one) => one !== null).length,
    ...needed,
  };
  const state: FindingState =
    worse[0] === null || worse[0] === undefined
      ? 'not_judged'
      : !worse[0]
        ? 'stable'
        : windows.beyond >= needed.need
          ? 'moved'
          : 'seen';
  return {
    kind: report.role,
    subject: report.name,
    state,
    value: newest.value,
    limit: report.limit,
    rows: newest.records,
    window: newest.window,
    windows,
    sentence: sentenceOf(report, state, windows, owner),
  };
}

function sentenceOf(report: SeriesReport, state: FindingState, windows: Finding['windows'], owner: string): string {
  const { name, role, usual, limit, noise, past_weeks: weeks } = report;
  const title = role === 'kpi' ? `KPI ${name}` : `Proxy ${name}`;
  const newest = report.windows[0];
  const week = newest === undefined ? '' : windowName(newest.window);
  if (newest === undefined || newest.value === null) {
    const missing = report.per === 'prediction' ? 'no prediction was logged' : 'nothing was reported';
    return `${title}: not judged (${missing}, ${week}). Report it at POST /v1/models/<model>/business.`;
  }
  if (usual === null)
    return `${title}: not judged (${weeks} weeks of its past are known, 4 needed), ${short(newest.value)} in ${week}. Wait.`;
  const figures =
    `${short(newest.value)}${report.per === 'prediction' ? ' a prediction' : ''}, ${week} (${counted(report)}), ` +
    `against ${short(usual)} in the ${weeks} weeks before: ${change(newest.value, usual)} ` +
    `(limit ${short(limit)}, noise ${short(noise)})`;
  if (state === 'stable') return `${title} ${within(report, newest.value)}: ${figures}.`;
  const count = `${windows.beyond} of the last ${windows.of} weeks, ${windows.need} needed`;
  const direction = report.worse === 'higher' ? 'rose' : 'fell';
  if (state === 'seen') return `${title} ${direction}: ${figures}; not yet acting: ${count}.`;
  return `${title} ${direction}: ${figures}; ${count}. ${owner} is asked to look; no run starts from it.`;
}

function counted({ windows }: SeriesReport): string {
  const records = windows[0]?.records ?? 0;
  return `${whole(records)} ${records === 1 ? 'record' : 'records'}`;
}

function change(value: number, usual: number): string {
  if (usual === 0) return value === 0 ? 'no change' : 'it was zero';
  const share = (value - usual) / Math.abs(usual);
  return `${share >= 0 ? '+' : ''}${percent(share)}`;
}

function within({ worse, limit }: SeriesReport, value: number): string {
  const beyond = limit !== null && (worse === 'higher' ? value > limit : value < limit);
  return beyond ? 'is beyond its limit but within noise' : 'holds';
}
