import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { evaluate } from '../../src/evaluation/evaluate.ts';
import { judge } from '../../src/gate/judge.ts';
import { randomStream } from '../../src/statistics/random.ts';
import { flights, town } from './flights.ts';

const DAY = 86_400_000;
const limits = {
  selection_rate_ratio: 0.8,
  true_positive_rate_gap: 0.1,
  false_positive_rate_gap: 0.1,
  calibration_gap: 0.1,
};

interface Published {
  threshold: number;
  group: string[];
  scores: number[];
  labels: number[];
  by_group: Record<string, Record<string, number>>;
  demographic_parity_ratio: number;
  difference: Record<string, number>;
}

test('with two groups the figures are those of fairlearn', async () => {
  const path = new URL('./fixtures/groups.json', import.meta.url);
  const published = JSON.parse(readFileSync(path, 'utf8')) as Published;
  const config = await flights({
    gate: {
      decision: { threshold: published.threshold },
      fairness: { protected: ['group'], limits, on_breach: 'block' },
      slices: { columns: [], critical: [], min_rows: 100 },
    },
  });
  const eventTime = Float64Array.from(published.labels, (_, i) => Date.parse('2013-04-01') + (i % 12) * DAY);
  const id = published.labels.map(String);
  const report = evaluate({
    config,
    rows: { label: Float64Array.from(published.labels), eventTime, id, entity: id, slices: { group: published.group } },
    scores: { candidate: Float64Array.from(published.scores) },
    baselineRate: 0.4,
    seed: 1,
  });
  const b = report.groups?.find(({ value }) => value === 'b');
  for (const rate of ['selection_rate', 'true_positive_rate', 'false_positive_rate'] as const) {
    expect(b?.rates?.group[rate]).toBeCloseTo(published.by_group['b']![rate]!, 12);
    expect(b?.rates?.others[rate]).toBeCloseTo(published.by_group['a']![rate]!, 12);
  }
  const ratio = Math.exp(b?.measures?.selection_rate_ratio.estimate ?? Number.NaN);
  expect(Math.min(ratio, 1 / ratio)).toBeCloseTo(published.demographic_parity_ratio, 12);
  for (const rate of ['true_positive_rate', 'false_positive_rate'] as const) {
    expect(Math.abs(b?.measures?.[`${rate}_gap`].estimate ?? 0)).toBeCloseTo(published.difference[rate]!, 12);
  }
});

/** Two regions at random; `push` moves the scores of the north on the logit scale. */
async function judged(push: number, options: { onBreach?: 'block' | 'needs_person' | 'warn'; north?: number } = {}) {
  const home = town({ perDay: 600 });
  const random = randomStream(5);
  const region = Array.from(home.rows.label, () => (random.uniform() < (options.north ?? 0.4) ? 'north' : 'south'));
  const rows = { ...home.rows, slices: { ...home.rows.slices, region } };
  const candidate = home.scores(0.2).map((score, i) => {
    if (region[i] !== 'north') return score;
    return 1 / (1 + Math.exp(-(Math.log(score / (1 - score)) + push)));
  });
  const fairness = { protected: ['region'], limits, on_breach: options.onBreach ?? ('block' as const) };
  const config = await flights({ gate: { decision: { threshold: 0.3 }, fairness } });
  const champion = home.scores(0.9, { seed: 2 });
  const input = { config, rows, scores: { candidate, champion }, baselineRate: 0.27, seed: 7 };
  const report = evaluate({ ...input, candidateVersion: 7, championVersion: 6 });
  return judge(report, config, { first: false, trigger: 'schedule' });
}

test('a candidate that decides alike in every group passes its limits', async () => {
  const { rules, verdict } = await judged(0);
  const ours = rules.filter(({ kind }) => kind === 'fairness');
  expect(ours).toHaveLength(8);
  expect(ours.filter(({ outcome }) => outcome === 'fail')).toEqual([]);
  expect(verdict).toBe('pass');
});

test('a candidate that selects one group more often is blocked, with the figure, its bounds and the limit', async () => {
  const { rules, verdict } = await judged(0.9);
  const rule = rules.find((one) => one.rule === 'fairness/region=north/selection_rate_ratio');
  expect(rule).toMatchObject({ outcome: 'fail', effect: 'blocks', limit: 0.8 });
  expect(rule?.value).toBeGreaterThan(1.25);
  expect(rule?.lower).toBeGreaterThan(1.25);
  expect(rule?.sentence).toMatch(
    /^region north: decided as positive 1\.\d\d times as often as the others on [\d,]+ rows \(95 % bounds .*; allowed: 0\.8 to 1\.25\)$/,
  );
  expect(verdict).toBe('fail');
});

test('where the file says so, a breach takes away automatic approval and nothing more, or is only told', async () => {
  const breach = expect.arrayContaining([expect.stringMatching(/^region north: decided as positive/)]);
  const left = await judged(0.9, { onBreach: 'needs_person' });
  expect(left).toMatchObject({ verdict: 'pass', warnings: breach });
  const told = await judged(0.9, { onBreach: 'warn' });
  expect(told).toMatchObject({ verdict: 'pass', notes: breach });
  expect(told.warnings).not.toEqual(breach);
});

test('a group too small to judge is named and left to a person', async () => {
  const { verdict, rules, warnings } = await judged(0, { north: 0.02 });
  const small = rules.find((one) => one.rule === 'fairness/region=north');
  expect(small).toMatchObject({ outcome: 'not_judged', effect: 'needs_person', blocks: 14 });
  expect(warnings.join()).toMatch(/region north: not judged, \d+ rows, fewer than 500/);
  expect(verdict).toBe('pass');
});
