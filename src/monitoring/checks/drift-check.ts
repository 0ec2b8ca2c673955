/** Drift of features and predictions over the last windows, against the reference that the configuration names. */
import type { ModelConfig } from '../../config/model.ts';
import type { Connection } from '../../data/engine.ts';
import type { DriftReport, Picture, ReferenceProfile } from '../../drift/contract.ts';
import { judgeDrift } from '../../drift/judge.ts';
import { type ColumnSpec, profileGroups } from '../../drift/profile.ts';
import { gridOf, predictionColumn } from '../../drift/reference.ts';
import { worstPictures } from '../../drift/report/worst-pictures.ts';
import type { Finding, Window } from '../contract.ts';
import type { LogTable } from '../log/log-table.ts';
import { daysIn, windowIndexSql, windowName } from '../windows.ts';

export interface DriftCheck {
  /** Of each window, newest first; null where it is not whole or has no rows. */
  readonly reports: readonly (DriftReport | null)[];
  readonly findings: readonly Finding[];
  /** Features beyond the acting limit (`psi_act`) in enough windows. */
  readonly acting: readonly string[];
  /** Of the newest window: the columns farthest beyond their limits. */
  readonly pictures: Readonly<Record<string, Picture>>;
}

export interface DriftCheckInput {
  readonly config: ModelConfig;
  readonly reference: ReferenceProfile;
  readonly log: LogTable;
  /** Newest first. */
  readonly windows: readonly Window[];
  /** Windows that begin before this instant are not the champion's own and are not judged. */
  readonly notBefore: number;
  /** Share of the whole by feature, from the version's trainer. */
  readonly importance?: Readonly<Record<string, number>> | undefined;
}

export async function checkDrift(db: Connection, input: DriftCheckInput): Promise<DriftCheck> {
  const { config, reference, log, windows } = input;
  const { psi_warn: psiLimit, psi_act: psiAct, min_rows: minRows, of: needed } = config.monitoring.drift;
  const columns: ColumnSpec[] = Object.entries(reference.columns)
    .filter(([name]) => name === predictionColumn || log.logged.has(name))
    .map(([name, { profile }]) => ({ name, kind: profile.kind, ...gridOf(profile) }));
  const profiles = await profileGroups(db, log.relation, columns, windowIndexSql('_t', windows));
  const reports = windows.map((window, i) => {
    const profile = profiles.get(i);
    if (profile === undefined || Date.parse(window.from) < input.notBefore) return null;
    const named = { days: daysIn(window), windowName: windowName(window) };
    return judgeDrift(reference, profile, { psiLimit, minRows, ...named, importance: input.importance });
  });
  const newest = reports[0];
  const findings = Object.keys(reference.columns).map((name): Finding => {
    const drifts = reports.map((report) => report?.columns[name]);
    const beyond = drifts.filter((drift) => drift?.verdict === 'moved').length;
    const judged = drifts.filter((drift) => drift !== undefined && drift.verdict !== 'not_judged').length;
    const drift = newest?.columns[name];
    const moved = drift?.verdict === 'moved' && beyond >= needed.need;
    const state =
      drift === undefined ? 'not_judged' : drift.verdict === 'moved' ? (moved ? 'moved' : 'seen') : drift.verdict;
    const seen = state === 'seen' ? ` Not yet acting: ${beyond} of ${needed.need} windows.` : '';
    return {
      kind: name === predictionColumn ? 'prediction' : 'drift',
      subject: name,
      state,
      value: drift?.psi ?? null,
      limit: drift?.threshold ?? null,
      rows: drift?.n_current ?? 0,
      window: windows[0]!,
      windows: { beyond, judged, need: needed.need, of: needed.of },
      ...sinceOf(
        drifts.map((one) => one?.verdict === 'moved'),
        windows,
      ),
      sentence: (drift?.sentence ?? notJudged(name, log, windows[0]!)) + seen,
    };
  });
  const acts = (report: DriftReport | null, name: string): boolean => {
    const drift = report?.columns[name];
    return drift?.verdict === 'moved' && (drift.psi ?? 0) > psiAct + (drift.noise ?? 0);
  };
  const acting = findings
    .filter(({ kind, state }) => kind === 'drift' && state === 'moved')
    .map(({ subject }) => subject)
    .filter((name) => reports.filter((report) => acts(report, name)).length >= needed.need);
  const current = profiles.get(0);
  const pictures = newest && current ? worstPictures(reference, current, newest) : {};
  return { reports, findings, acting, pictures };
}

/** Start of the oldest window beyond the limit. */
export function sinceOf(beyond: readonly boolean[], windows: readonly Window[]): Pick<Finding, 'since'> {
  const oldest = windows[beyond.lastIndexOf(true)];
  return oldest === undefined ? {} : { since: oldest.from };
}

function notJudged(name: string, log: LogTable, window: Window): string {
  if (name !== predictionColumn && !log.logged.has(name)) {
    return `${name}: not judged (it is not logged). Name it in monitoring.log.keep to have it watched.`;
  }
  return `${name}: not judged (too few rows of this champion, ${windowName(window)}). Wait for more rows.`;
}
