import { expect, test } from 'vitest';
import { MAX_VOUCHES, readmitRows, vouchForRows, withdrawVouch } from '../../src/registry/readmission.ts';
import { initialState, type StepResult } from '../../src/registry/state.ts';

const digest = (n: number) => n.toString(16).padStart(64, '0');
const order = (n: number) => ({ run: 'flights-delay-000001', rows: 2, readmission: digest(n) });
const stateOf = (result: StepResult) => {
  if ('refused' in result) throw new Error(result.refused);
  return result.state;
};

test('rows that hold the rules leave the state as it was; a vouch stands in it until it is withdrawn', () => {
  const state = initialState();
  expect(stateOf(readmitRows(order(1))(state))).toEqual(state);
  const vouched = stateOf(vouchForRows(order(1))(state));
  expect(vouched.vouched).toEqual([digest(1)]);
  expect(vouchForRows(order(1))(vouched)).toEqual({ refused: 'somebody vouched for these rows already' });
  expect(withdrawVouch({ readmission: digest(2) })(vouched)).toEqual({ refused: 'no vouch 00000000 is in force' });
  expect(stateOf(withdrawVouch({ readmission: digest(1) })(vouched)).vouched).toEqual([]);
});

test('more vouches than a run may read are refused', () => {
  let state = initialState();
  for (let n = 0; n < MAX_VOUCHES; n++) state = stateOf(vouchForRows(order(n))(state));
  expect(vouchForRows(order(MAX_VOUCHES))(state)).toEqual({
    refused: '50 vouches are in force; change the rule, or withdraw one',
  });
});
