/** The small truth about a model before anything happened, and what a change of it is. Pure: workflow code may import it. */
import type { Change, LedgerState } from './contract.ts';

/** What the entry that a step makes will say about itself. */
export interface StepContext {
  readonly as_of: string;
  readonly effectId: string;
}

export type StepResult = { readonly change: Change; readonly state: LedgerState } | { readonly refused: string };

/** One change: from the newest state to the next, or the reason why not. Pure; it runs again when another writer was first. */
export type Step = (state: LedgerState, context?: StepContext) => StepResult;

/** Before the first entry: nothing registered, nothing served. */
export function initialState(): LedgerState {
  return {
    nextVersion: 1,
    nextRun: 1,
    aliases: { champion: null, challenger: null, shadow: null, previous_champion: null },
    anchor: null,
    routing: { generation: 0, load: [], arms: [], effectId: null },
    freeze: null,
    activeRun: null,
    monitoring: { reference: null, effectId: null },
    budgets: { runs: [], rollbacks: [], promoted_at: null, labels_at_promotion: null },
    config: null,
    paused: false,
  };
}

/** The id of a model's n-th run, which is also its workflow id: `flights-delay-000042`. */
export function runId(model: string, n: number): string {
  return `${model}-${String(n).padStart(6, '0')}`;
}
