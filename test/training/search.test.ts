/** Choosing among trials, without training any. */
import { expect, test } from 'vitest';
import { figureOn } from '../../src/evaluation/validation-metric.ts';
import { searchSections } from '../../src/gate/search-section.ts';
import type { TrialRecord } from '../../src/training/search/contract.ts';
import { chooseTrial, searchMetric, trialsOf } from '../../src/training/search/trials.ts';
import { flightsConfig } from '../data/surroundings.ts';

const trial = (name: string, value: number | null, more: Partial<TrialRecord> = {}): TrialRecord => ({
  ...{ name, value, params: { num_leaves: name.length }, seed: 7, digest: null },
  ...more,
});
const search = (better: 'higher' | 'lower', ...trials: TrialRecord[]) =>
  chooseTrial({ metric: 'log_loss', better, rows: 1000, trials });

test('trials take the parameters of the file with their own in place, and are named or numbered', async () => {
  const config = await flightsConfig(({ training }) => {
    training.params = { num_leaves: 31, max_depth: 6 };
    training.search.configurations = [
      { params: {} },
      { name: 'small', params: { num_leaves: 7 } },
      { params: { max_depth: 6 } },
    ];
  });
  expect(trialsOf(config)).toEqual([
    { name: '1', params: { num_leaves: 31, max_depth: 6 } },
    { name: 'small', params: { num_leaves: 7, max_depth: 6 } },
    { name: '3', params: { num_leaves: 31, max_depth: 6 }, sameAs: '1' },
  ]);
  expect(searchMetric(config)).toBe('roc_auc');
});

test('the best value is chosen, of equal ones the first in the list, and none that failed', () => {
  expect(search('lower', trial('a', 0.5), trial('b', 0.4), trial('c', 0.4)).chosen).toBe('b');
  expect(search('higher', trial('a', 0.5), trial('b', 0.4), trial('c', 0.5)).chosen).toBe('a');
  expect(search('lower', trial('a', null, { failed: 'no memory' }), trial('b', 9)).chosen).toBe('b');
  const none = search('lower', trial('a', null, { failed: 'no memory' }));
  expect(none).toMatchObject({ chosen: null, sentence: 'None of 1 trials could be chosen.' });
});

test('a table of trials shows only parameters that differ, and why one failed', () => {
  const [section] = searchSections(
    search(
      'lower',
      trial('a', 0.5, { params: { seeded: true, num_leaves: 7 } }),
      trial('b', null, { params: { seeded: true, num_leaves: 9, max_depth: 2 }, failed: 'no memory' }),
      trial('c', 0.5, { params: { seeded: true, num_leaves: 7 }, same_as: 'a' }),
    ),
  );
  expect(section?.lines).toEqual([
    'Chosen among 3 trials: a, by log_loss on 1,000 validation rows. 1 of them failed.',
    'These rows chose, so the figures flatter the chosen one; others judge it.',
    'Trial b failed: no memory',
  ]);
  expect(section?.table).toEqual({
    head: ['trial', 'validation log_loss', 'parameters that differ'],
    rows: [
      ['a (chosen)', '0.50000', 'num_leaves 7'],
      ['b', 'failed', 'max_depth 2, num_leaves 9'],
      ['c', '0.50000, as a', 'num_leaves 7'],
    ],
  });
});

test('a class that the model was never shown costs it what an impossible label costs', async () => {
  const config = await flightsConfig((file) => {
    file.task = 'multiclass';
  });
  const rows = {
    ...{
      label: Float64Array.of(0, 2, 5),
      eventTime: Float64Array.of(1, 2, 3),
      id: ['a', 'b', 'c'],
      entity: ['', '', ''],
    },
    slices: {},
  };
  const scores = Float64Array.of(0.5, 0.5, 0.25, 0.75, 0.5, 0.5);
  const known = figureOn(config, 'log_loss', { classes: [0, 2] }, rows, scores);
  expect(known.rows).toBe(3);
  const unseen = -Math.log(Number.EPSILON);
  expect(known.value).toBeCloseTo((-Math.log(0.5) - Math.log(0.75) + unseen) / 3, 9);
  const one = { ...rows, label: Float64Array.of(1, 1, 1) };
  const binary = await flightsConfig();
  expect(figureOn(binary, 'roc_auc', { classes: null }, one, Float64Array.of(0.1, 0.2, 0.3)).value).toBeNull();
});
