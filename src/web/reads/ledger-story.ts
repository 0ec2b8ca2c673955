/** A run as the ledger has it: what it changed, and nothing of what only its workflow knows. */
import type { RunStory } from '../../client/run-story.ts';
import { changeText } from '../../registry/change-text.ts';
import type { LedgerEntry } from '../../registry/contract.ts';

/** Null for a run that the ledger does not know. @param entries oldest first */
export function ledgerStory(
  model: string,
  run: string,
  entries: readonly LedgerEntry[],
): { story: RunStory; at: string } | null {
  const own = entries.filter(
    ({ change, effectId }) => ('run' in change && change.run === run) || effectId.startsWith(`${run}/`),
  );
  const last = own.at(-1);
  if (last === undefined) return null;
  const start = own.find(({ change }) => change.kind === 'run_started');
  const end = own.find(({ change }) => change.kind === 'run_ended')?.change;
  const version = own.findLast(({ change }) => change.kind === 'version_registered')?.change;
  const trigger = start?.change.kind === 'run_started' ? start.change.trigger : 'unknown';
  const story: RunStory = {
    ...{
      run,
      model,
      changes: [],
      search: null,
      source: 'memo',
      stage: null,
      stages: [],
      waiting_for: null,
      deadline: null,
    },
    ...{ then: null, packet: null, approvals: [], rollout: null, messages: [], ended_at: null },
    reasons: start === undefined ? [] : [{ kind: trigger, reason: start.why, by: start.actor }],
    open: entries.at(-1)?.state.activeRun?.run === run,
    sentence: `What it did last, as the ledger has it: ${changeText(last.change)}.`,
    outcome: end?.kind === 'run_ended' ? end.outcome : null,
    version: version?.kind === 'version_registered' ? version.version : null,
  };
  return { story, at: last.at };
}
