/** A change of the ledger in a few words. */
import type { Change, LedgerState } from './contract.ts';

export function changeText(change: Change): string {
  switch (change.kind) {
    case 'config_applied':
      return `configuration ${change.config.slice(0, 8)} applied`;
    case 'model_paused':
      return 'model paused';
    case 'run_started':
      return `${shortRun(change.run)} started (${change.trigger})`;
    case 'run_ended':
      return `${shortRun(change.run)} ended: ${change.outcome}`;
    case 'lock_released':
      return `lock of ${shortRun(change.run)} released`;
    case 'version_registered':
      return `version ${change.version} registered`;
    case 'version_staged':
      return `version ${change.version} to staging${change.break_glass ? ' by breaking glass' : ''}`;
    case 'approval_reviewed':
      return `approval of version ${change.version} reviewed`;
    case 'version_rejected':
      return `version ${change.version} rejected`;
    case 'version_archived':
      return `version ${change.version} archived`;
    case 'rollout_prepared':
      return `version ${change.version} prepared${change.shadow ? ' as a shadow' : ''}`;
    case 'rollout_step':
      return `version ${change.version} at ${change.share} %`;
    case 'promoted':
      return `version ${change.version} promoted (${change.as.replace('_', '-')})`;
    case 'rollout_undone':
      return `rollout of version ${change.version} undone`;
    case 'rolled_back':
      return `rolled back from ${change.from} to ${change.to}${change.automatic ? ' automatically' : ''}`;
    case 'return_failed':
      return change.to === null
        ? 'the deployment target did not take the only version out'
        : `the deployment target did not go back to version ${change.to}`;
    case 'confirmed':
      return `version ${change.version} confirmed`;
    case 'shadow_ended':
      return `version ${change.version} is a shadow no longer`;
    case 'frozen':
      return 'frozen';
    case 'unfrozen':
      return 'freeze lifted';
    case 'rows_readmitted':
      return `${change.rows} rows of ${shortRun(change.run)} re-admitted (${change.how.replace('_', ' ')})`;
    case 'vouch_withdrawn':
      return `vouch ${change.readmission.slice(0, 8)} withdrawn`;
    case 'subject_erased':
      return `a subject erased (${change.rows} rows)`;
    case 'break_confirmed':
      return `break at ${change.at.slice(0, 16)}Z confirmed (${change.source})`;
    case 'break_withdrawn':
      return `break at ${change.at.slice(0, 16)}Z withdrawn`;
    case 'repaired':
      return `${change.what} ${change.subject} put right`;
    default:
      return change satisfies never;
  }
}

/** `run 000003`: inside one model's ledger its name need not be repeated. */
function shortRun(run: string): string {
  return `run ${/\d+$/.exec(run)?.[0] ?? run}`;
}

/** What answers predictions: `7`, or `6 (95 %), 7 (5 %)`. */
export function routingText({ routing: { arms } }: LedgerState): string {
  if (arms.length === 0) return 'nothing';
  if (arms.length === 1) return `version ${arms[0]?.version}`;
  return arms.map(({ version, share }) => `version ${version} (${share} %)`).join(', ');
}

export function aliasText({ aliases }: LedgerState): string {
  const set = Object.entries(aliases).flatMap(([name, pointer]) => (pointer ? [`${name} ${pointer.version}`] : []));
  return set.length === 0 ? 'none' : set.join(', ');
}
