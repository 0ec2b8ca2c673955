/** One estimator of each way of exporting, and what is refused; the other estimators: `exports.full.test.ts`. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Estimators, expectSameInServing, openEstimators } from './estimators.ts';

let estimators: Estimators;
beforeAll(async () => {
  estimators = await openEstimators();
});
afterAll(() => estimators?.close());

test.each([
  ['xgboost', 'binary'],
  ['linear', 'binary'],
  ['forest', 'multiclass'],
] as const)(
  '%s on a %s label predicts through the serving runtime what Python predicted, on every validation row',
  async (estimator, label) => expectSameInServing(await estimators.train(estimator, label)),
);

test.each([
  ['xgboost_hinge', /objective 'binary:hinge' cannot be exported; supported: binary:logistic/],
  ['function', /FunctionTransformer.*cannot be exported/],
])('%s cannot be exported, and the message names what and why', async (estimator, message) => {
  await expect(estimators.train(estimator, 'binary')).rejects.toThrow(message);
});

test('trees behind a scaler flip branches in float32, and parity refuses the model rather than serve it', async () => {
  const refused = estimators.train('scaled_forest', 'binary');
  await expect(refused).rejects.toMatchObject({ code: 'HONE_PARITY_FAILED', retryable: false });
  await expect(refused).rejects.toThrow(/of 4936 rows differ.*leave scalers out in front of trees/);
});
