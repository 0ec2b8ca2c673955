/** The estimators that `exports.test.ts` leaves out: a training each, of some seconds. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Estimators, expectSameInServing, openEstimators } from './estimators.ts';

let estimators: Estimators;
beforeAll(async () => {
  estimators = await openEstimators();
});
afterAll(() => estimators?.close());

test.each([
  ['xgboost', 'multiclass'],
  ['xgboost_poisson', 'count'],
  ['xgboost_dart', 'binary'],
  ['lightgbm', 'binary'],
  ['forest', 'binary'],
  ['boosting', 'regression'],
] as const)(
  '%s on a %s label predicts through the serving runtime what Python predicted, on every validation row',
  async (estimator, label) => expectSameInServing(await estimators.train(estimator, label)),
);

test('early stopping of XGBoost ends up in the graph: only the rounds up to the best one', async () => {
  expect((await estimators.train('xgboost_early', 'binary')).bestIteration).toBeLessThan(30);
});

test('calibration works where the graph holds probabilities and no margins', async () => {
  const { calibration } = await estimators.train('linear', 'binary', 'sigmoid');
  expect(calibration).toMatchObject({ kind: 'sigmoid' });
});

test.each([
  ['xgboost_linear', /gblinear cannot be exported; use booster: gbtree or dart/],
  ['margin_only', /LinearSVC.*has no predict_proba/],
  [
    'mean',
    /fit returned __main__.Mean, which cannot be exported; return an estimator of LightGBM, XGBoost or scikit-learn/,
  ],
])('%s cannot be exported, and the message names what and why', async (estimator, message) => {
  await expect(estimators.train(estimator, 'binary')).rejects.toThrow(message);
});
