/** What the reconciler writes: a note of something put right elsewhere, and routing said again. Pure. */
import type { Change } from './contract.ts';
import type { Step } from './state.ts';

type Repaired = Extract<Change, { kind: 'repaired' }>;

/** The state stays as it is: what was put right is not in the ledger. */
export function noteRepair(repaired: Omit<Repaired, 'kind'>): Step {
  return (state) => ({ change: { kind: 'repaired', ...repaired }, state });
}

/**
 * The same routing under a generation that no node has seen, so that each takes it up anew and tries again what it could
 * not load. Refused beside a run: its rollout waits for nodes by itself.
 *
 * @param order.seen the highest generation that a node reports; a ledger restored from a copy may be behind it
 */
export function restateRouting({ subject, seen }: { subject: string; seen: number }): Step {
  return (state) => {
    if (state.activeRun) return { refused: `run ${state.activeRun.run} is active` };
    const generation = Math.max(state.routing.generation, seen) + 1;
    return {
      change: { kind: 'repaired', what: 'nodes', subject },
      state: { ...state, routing: { ...state.routing, generation } },
    };
  };
}
