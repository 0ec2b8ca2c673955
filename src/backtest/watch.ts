/** One monitoring tick of the past: the production checks on what the live version had answered and what was known of it. */
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import { judgeWindow } from '../monitoring/checks/performance.ts';
import { calibrationFinding, skillFinding } from '../monitoring/checks/quality-check.ts';
import type { Finding, PerformanceWindow, Window } from '../monitoring/contract.ts';
import { plan } from '../monitoring/playbook/playbook.ts';
import { lastWindows, matureBefore } from '../monitoring/windows.ts';
import type { Trigger } from '../workflows/contract.ts';
import { labelsAt, type Past, rowAt } from './past.ts';
import type { Version } from './scored-version.ts';
import type { ServedLog } from './served-log.ts';

export interface Watched {
  readonly past: Past;
  readonly log: ServedLog;
  readonly config: ModelConfig;
  readonly version: Version;
  /** Milliseconds: only what was answered since then is the version's own. */
  readonly since: number;
  readonly asOf: number;
}

/**
 * What the playbook asks for at `asOf`. A check that cannot start a run under this configuration is left out: it would
 * only be told. Kinds of finding that the past does not hold (business figures, servers, skew) are left out too.
 */
export async function triggersAt(watched: Watched): Promise<Trigger[]> {
  const { config, log } = watched;
  const { performance, calibration, drift, volume, age } = config.triggers;
  const findings: Finding[] = [];
  let acting: readonly string[] = [];
  if (performance.enabled) {
    const windows = await windowsOf(watched, performance);
    findings.push(skillFinding(windows, config, watched.version.holdout));
  }
  if (calibration.enabled) findings.push(calibrationFinding(await windowsOf(watched, calibration), config));
  if (volume !== null || age !== null) findings.push(...(await log.growth(watched)));
  let broken: readonly Finding[] | null = null;
  if (drift.then === 'retrain') {
    broken = await log.brokenInputs(watched);
    const seen = await log.drift(watched, broken.length === 0);
    findings.push(...seen.findings);
    acting = seen.acting;
  }
  const asked = plan({ config, findings, acting }).triggers;
  if (asked.length === 0) return [];
  broken ??= await log.brokenInputs(watched);
  const asOf = new Date(watched.asOf).toISOString();
  return plan({ config, findings: [...broken, ...findings], acting }).triggers.map(({ trigger, reason, evidence }) => ({
    ...{ kind: trigger, reason: reason.slice(0, 500), evidence, as_of: asOf, by: 'monitoring' },
    eventId: `tick/${config.model}/${asOf}/${trigger}`,
  }));
}

/** Newest first; a window that began before the version was live has no rows of its own. */
async function windowsOf(
  { past, config, version, since, asOf }: Watched,
  asked: { window: string; of: { of: number } },
): Promise<PerformanceWindow[]> {
  const mature = matureBefore(new Date(asOf).toISOString(), past.config.data.label.mature_after);
  const windows = lastWindows(mature, asked.window, asked.of.of);
  return Promise.all(windows.map((window) => performanceOf(window)));

  async function performanceOf(window: Window): Promise<PerformanceWindow> {
    const own = Date.parse(window.from) >= since;
    const first = rowAt(past, Date.parse(own ? window.from : window.to));
    const last = rowAt(past, Date.parse(window.to));
    const matured = {
      rows: last - first,
      eventTime: past.rows.eventTime.subarray(first, last),
      prediction: await version.scored.scores(first, last),
      label: labelsAt(past, first, last, asOf),
      id: [],
    };
    return judgeWindow(matured, window, config, version.holdout?.baselineRate ?? null);
  }
}

/** Mature labels since the version's last fitted row: what a schedule's start brings as its evidence. */
export function newMatureLabels(past: Past, version: Version, asOf: number): number {
  const mature = asOf - durationMs(past.config.data.label.mature_after);
  const [first, last] = [rowAt(past, Date.parse(version.scored.trained.fitEnd)), rowAt(past, mature)];
  return labelsAt(past, first, Math.max(first, last), asOf).reduce((sum, y) => sum + (Number.isNaN(y) ? 0 : 1), 0);
}
