/** Rows that validation had set aside and a person takes back. Pure. */
import type { Digest } from './contract.ts';
import type { Step } from './state.ts';

/** Every vouch in force is read by every run, and stands in every entry: more than this asks for a better rule. */
export const MAX_VOUCHES = 50;

/** Rows that hold the rules as they are now: they come back by themselves; the entry says who looked and why. */
export function readmitRows(order: { run: string; rows: number; readmission: Digest }): Step {
  return (state) => ({ change: { kind: 'rows_readmitted', how: 'rule_changed', ...order }, state });
}

/** Rows that still break a rule, and are exempt from it from the next run on. */
export function vouchForRows(order: { run: string; rows: number; readmission: Digest }): Step {
  return (state) => {
    const vouched = state.vouched ?? [];
    if (vouched.includes(order.readmission)) return { refused: 'somebody vouched for these rows already' };
    if (vouched.length >= MAX_VOUCHES) {
      return { refused: `${MAX_VOUCHES} vouches are in force; change the rule, or withdraw one` };
    }
    return {
      change: { kind: 'rows_readmitted', how: 'vouched', ...order },
      state: { ...state, vouched: [...vouched, order.readmission] },
    };
  };
}

export function withdrawVouch(order: { readmission: Digest }): Step {
  const { readmission } = order;
  return (state) => {
    const vouched = state.vouched ?? [];
    if (!vouched.includes(readmission)) return { refused: `no vouch ${readmission.slice(0, 8)} is in force` };
    const left = vouched.filter((one) => one !== readmission);
    return { change: { kind: 'vouch_withdrawn', readmission }, state: { ...state, vouched: left } };
  };
}
