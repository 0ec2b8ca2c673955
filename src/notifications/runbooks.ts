/** Which heading of `docs/runbooks/` says what to do about a notice. Every kind has one; a test holds pages and kinds together. Pure. */
import type { Notice } from './contract.ts';

/** Where the pages lie in the project, for those who are told no address. */
export const RUNBOOKS = 'docs/runbooks/';

/** By the page that has the heading; the heading is the kind itself. */
const PAGES: Readonly<Record<string, readonly string[]>> = {
  runs: [
    ...['run.failed', 'run.rolled_back', 'run.lost', 'repaired'],
    ...['data.rejected', 'gate.rejected', 'gate.inconclusive', 'config.paused'],
  ],
  approvals: [
    ...['approval.requested', 'approval.reminder', 'approval.escalated', 'approval.expired', 'approval.break_glass'],
  ],
  rollouts: ['rollout.undone', 'rolledback', 'rollback.failed', 'frozen'],
  incidents: [
    ...['input', 'skew', 'log-silent', 'service', 'kpi', 'proxy', 'performance-skill', 'calibration'],
    ...['drift-features', 'drift-prediction', 'error-stream'],
  ],
  README: ['storm', 'digest'],
};

/** @returns page and heading below the folder, such as `runs.md#runfailed` */
export function runbookOf({ model, type, thread }: Pick<Notice, 'model' | 'type' | 'thread'>): string {
  const incident = type.startsWith('incident.') ? thread.slice(model.length + 1) : undefined;
  // An incident is named for its kind, and where there may be several for what it is about: `input-distance`.
  for (const [page, kinds] of Object.entries(PAGES))
    for (const kind of kinds)
      if (incident === undefined ? kind === type : incident === kind || incident.startsWith(`${kind}-`))
        return `${page}.md#${anchorOf(kind)}`;
  return `README.md#for-information`;
}

/** The heading's anchor, as code hosts make them. */
function anchorOf(kind: string): string {
  return kind.replaceAll('.', '');
}
