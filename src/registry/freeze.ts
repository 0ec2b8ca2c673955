/** A freeze stops new runs, rollouts and promotions of a model; rollbacks stay possible. Pure. */
import type { LedgerState } from './contract.ts';
import type { Step } from './state.ts';

/** @param order.until by `as_of`; null: until unfrozen */
export function freeze(order: { by: string; reason: string; until: string | null }): Step {
  const { by, reason, until } = order;
  return (state) => ({ change: { kind: 'frozen', reason }, state: { ...state, freeze: { by, reason, until } } });
}

export function unfreeze(order: { reason: string }): Step {
  return (state) => {
    if (!state.freeze) return { refused: 'the model is not frozen' };
    return { change: { kind: 'unfrozen', reason: order.reason }, state: { ...state, freeze: null } };
  };
}

/** @param asOf ISO instant; without one a freeze with an end counts as in force */
export function isFrozen(state: LedgerState, asOf: string | undefined): boolean {
  if (!state.freeze) return false;
  return state.freeze.until === null || asOf === undefined || Date.parse(asOf) < Date.parse(state.freeze.until);
}

/** Why a frozen model refuses, as a clause. */
export function frozenSentence(state: LedgerState): string {
  if (!state.freeze) return 'the model is not frozen';
  const { by, reason, until } = state.freeze;
  return `the model is frozen by ${by}${until ? ` until ${until}` : ''} (${reason})`;
}
