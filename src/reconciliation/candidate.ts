/** What a run's rollout has in the routing. Pure. */
import type { LedgerState } from '../registry/contract.ts';

/** The arm beside the champion that this run put there; null where there is none, or somebody else's. */
export function candidateOf(state: LedgerState, run: string): { version: number; share: number } | null {
  const champion = state.aliases.champion?.version;
  const arm = state.routing.arms.find(({ version }) => version !== champion);
  if (arm === undefined || !state.routing.effectId?.startsWith(`${run}/`)) return null;
  return { version: arm.version, share: arm.share };
}
