/** What rows count: in every metric, in slices and groups, in calibration, and for labels that only some rows have. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { MetricName } from '../../src/config/model.ts';
import type { EvaluationReport } from '../../src/evaluation/contract.ts';
import { evaluate } from '../../src/evaluation/evaluate.ts';
import type { EvaluationRows } from '../../src/evaluation/judged-rows.ts';
import { METRICS } from '../../src/evaluation/metrics.ts';
import { judge } from '../../src/gate/judge.ts';
import { randomStream } from '../../src/statistics/random.ts';
import { flights, town } from './flights.ts';

interface Case {
  readonly name: string;
  readonly labels: number[];
  readonly scores: number[] | number[][];
  readonly weights: number[] | null;
  readonly values: Partial<Record<MetricName, number | null>>;
}
const read = (name: string) => JSON.parse(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8'));
const { binary, regression } = read('published.json') as { binary: Case[]; regression: Case[] };
const weighted = [...binary, ...regression].filter(({ weights }) => weights !== null);

test.each(weighted)('weights of rows are those of scikit-learn: $name', ({ labels, scores, weights, values }) => {
  for (const [name, expected] of Object.entries(values) as [MetricName, number | null][]) {
    // Few blocks and many: the AUC has a way for each.
    for (const blocks of [3, 600]) {
      const rows = {
        ...{ labels: Float64Array.from(labels), scores: Float64Array.from(scores.flat()) },
        ...{ weight: Float64Array.from(weights ?? []), block: Int32Array.from(labels, (_, i) => i % blocks), blocks },
      };
      const value = METRICS[name].prepare(rows)(new Float64Array(blocks).fill(1));
      if (expected === null) expect(value, name).toBeNaN();
      else expect(Math.abs(value - expected), name).toBeLessThan(1e-9 * Math.max(1, Math.abs(expected)));
    }
  }
});

const gate = {
  decision: { threshold: 0.3, value: { true_positive: 40, false_positive: -5, false_negative: -20, true_negative: 0 } },
  uncertainty: { resamples: 200 },
  fairness: { protected: ['carrier'], limits: { selection_rate_ratio: 0.8 }, on_breach: 'warn' as const },
  slices: { columns: ['origin'], critical: [], min_rows: 60 },
};

/** Estimates of everything that weights reach, rounded; bounds and row counts differ by design. */
function estimates({ models, improvement, behaviour, slices, groups = [], label_mean }: EvaluationReport) {
  const of = (found: object) =>
    Object.fromEntries(Object.entries(found).map(([name, one]) => [name, (one as { estimate: number }).estimate]));
  const figures = {
    label_mean,
    metrics: of(models.candidate.metrics),
    over: of(improvement.over_champion ?? {}),
    calibration: [models.candidate.mean_prediction, of(models.candidate.recalibration ?? {})],
    behaviour: [behaviour?.flips, behaviour?.per_10000, behaviour?.mean_shift],
    slices: slices.map((one) => [one.value, one.label_mean, one.candidate, of(one.difference)]),
    groups: groups.map((one) => [one.value, one.rates, of(one.measures ?? {})]),
  };
  return JSON.parse(
    JSON.stringify(figures, (_, value) => (typeof value === 'number' ? Number(value.toFixed(8)) : value)),
  );
}

test('a row that counts three times is a row that is there three times: in metrics, slices, groups, calibration', async () => {
  const { rows, scores } = town({ perDay: 200, days: 7 });
  const random = randomStream(3);
  const times = Array.from(rows.label, () => 1 + Math.floor(3 * random.uniform()));
  const copies = times.flatMap((count, i) => new Array<number>(count).fill(i));
  const pick = (values: Float64Array) => Float64Array.from(copies, (i) => values[i] ?? 0);
  const text = (values: readonly string[] = []) => copies.map((i) => values[i] ?? '');
  const repeated: EvaluationRows = {
    ...{ label: pick(rows.label), eventTime: pick(rows.eventTime), id: text(rows.id), entity: text(rows.entity) },
    slices: { origin: text(rows.slices['origin']), carrier: text(rows.slices['carrier']) },
  };
  const [candidate, champion] = [scores(0.3), scores(0.9, { seed: 2 })];
  const common = { baselineRate: 0.27, seed: 1 };
  const plain = await flights({ gate });
  const one = evaluate({
    ...common,
    config: plain,
    rows: repeated,
    scores: { candidate: pick(candidate), champion: pick(champion) },
  });
  const config = await flights({ gate: { ...gate, weights: { business: 'amount' } } });
  const slices = { ...rows.slices, amount: times.map(String) };
  const other = evaluate({ ...common, config, rows: { ...rows, slices }, scores: { candidate, champion } });
  // Slices and groups are listed by size, which is a count of rows.
  expect(sorted(estimates(other))).toEqual(sorted(estimates(one)));
  expect(other.weights?.effective_rows).toBeLessThan(1400);
});

const sorted = (figures: { slices: unknown[][]; groups: unknown[][] }) => {
  const by = (all: unknown[][]) => all.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return { ...figures, slices: by(figures.slices), groups: by(figures.groups) };
};

/** Labels are seen where the score of the time said yes, and for an explored tenth of the rest. */
async function selective(propensity: string | null) {
  const { rows, scores } = town({ days: 10, perDay: 1200 });
  const random = randomStream(9);
  const chance = scores(0.4, { seed: 5 }).map((score) => (score < 0.25 ? 1 : 0.1));
  const seen = chance.map((p) => (random.uniform() < p ? 1 : 0));
  const label = rows.label.map((value, i) => (seen[i] ? value : Number.NaN));
  const config = await flights({
    data: { ...(await flights()).data, selective_labels: true },
    gate: { weights: { propensity }, champion: { margin: {} } },
  });
  const slices = { ...rows.slices, chance: Array.from(chance, String) };
  const common = { scores: { candidate: scores(0.2) }, baselineRate: 0.27, seed: 1 };
  const report = evaluate({ ...common, config, rows: { ...rows, label, slices } });
  const truth = evaluate({ ...common, config: await flights(), rows });
  return { config, report, truth };
}

test('with the logged chance of being seen, figures describe all rows again; without it they say whom they describe', async () => {
  const { report, truth, config } = await selective('chance');
  const naive = await selective(null);
  for (const metric of ['roc_auc', 'log_loss'] as const) {
    const real = truth.models.candidate.metrics[metric]?.estimate ?? 0;
    const found = report.models.candidate.metrics[metric];
    expect(found?.lower).toBeLessThan(real);
    expect(found?.upper).toBeGreaterThan(real);
    expect(Math.abs((naive.report.models.candidate.metrics[metric]?.estimate ?? 0) - real)).toBeGreaterThan(0.02);
  }
  expect(Math.abs((report.label_mean ?? 0) - (truth.label_mean ?? 0))).toBeLessThan(0.02);
  expect([report.population, naive.report.population]).toEqual(['propensity_weighted', 'labelled']);
  const judged = judge(naive.report, naive.config, { first: true, trigger: 'manual' });
  expect(judged.sentence).toContain(', labelled population only. ');
  expect(judged.person.join()).toContain('all figures describe the labelled population only');
  const weighed = judge(report, config, { first: true, trigger: 'manual' });
  expect(weighed.sentence).toContain(', weighed by inverse propensity. ');
  expect(weighed.person.join()).not.toContain('labelled population');
});

test('weights that leave the rows saying little are too little to judge, and unusable ones are refused', async () => {
  const { rows, scores } = town();
  const run = async (amount: (i: number) => string, weights: object = { business: 'amount' }) => {
    const slices = { ...rows.slices, amount: Array.from(rows.label, (_, i) => amount(i)) };
    const config = await flights({ gate: { weights } });
    return evaluate({
      config,
      rows: { ...rows, slices },
      scores: { candidate: scores(0.3) },
      baselineRate: 0.27,
      seed: 1,
    });
  };
  const lopsided = await run((i) => (i % 20 === 0 ? '100' : '1'));
  expect(lopsided.too_little).toEqual([expect.stringMatching(/^4200 weighed rows say as much as \d+, 2000 needed$/)]);
  const code = expect.objectContaining({ code: 'HONE_GATE_COLUMN_UNUSABLE', retryable: false });
  await expect(run((i) => (i === 7 ? '' : '1'))).rejects.toEqual(code);
  await expect(run((i) => (i === 7 ? '12 EUR' : '1'))).rejects.toThrow(
    '(first: row 7, "12 EUR"; a number of at least 0',
  );
  await expect(run(() => '-1')).rejects.toEqual(code);
  await expect(run(() => '0', { propensity: 'amount' })).rejects.toEqual(code);
  const nothing = await run(() => '0');
  expect(nothing.models.candidate.metrics.roc_auc).toMatchObject({ estimate: null, lower: null });
});
