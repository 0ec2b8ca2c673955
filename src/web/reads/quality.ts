/** Quality over time out of the looks of monitoring: each window once, as the newest look that judged it has it. */
import type { PerformanceWindow, SeriesReport, TickReport } from '../../monitoring/contract.ts';
import type { LedgerEntry } from '../../registry/contract.ts';

export interface QualityPoint extends PerformanceWindow {
  readonly champion: number | null;
}

/** Oldest first. @param looks newest first */
export function qualityOverTime(looks: readonly TickReport[]): QualityPoint[] {
  const windows = new Map<string, QualityPoint>();
  for (const { performance, champion } of looks)
    for (const one of performance) {
      const known = windows.get(one.window.to);
      if (known === undefined || (known.skill === null && one.skill !== null))
        windows.set(one.window.to, { ...one, champion });
    }
  return [...windows.values()].sort((a, b) => a.window.to.localeCompare(b.window.to));
}

export interface Turn {
  readonly at: string;
  readonly label: string;
}

/** Promotions and returns, by the time that decisions go by. */
export function turns(entries: readonly LedgerEntry[]): Turn[] {
  return entries.flatMap(({ change, as_of }) => {
    if (change.kind === 'promoted') return [{ at: as_of, label: `v${change.version}` }];
    return change.kind === 'rolled_back' ? [{ at: as_of, label: `back to v${change.to}` }] : [];
  });
}

/** Weeks of a KPI or proxy, oldest first. */
export function weeksOf({ windows }: SeriesReport) {
  return windows.toReversed();
}
