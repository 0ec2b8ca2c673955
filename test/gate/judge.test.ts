import { expect, test } from 'vitest';
import { detectableOn } from '../../src/gate/comparison.ts';
import { gateReport } from '../../src/gate/contract.ts';
import { lookNumber } from '../../src/gate/looks.ts';
import { town } from '../evaluation/flights.ts';
import { gate } from './judged.ts';

const home = town();

test('a clearly better candidate passes as better, with numbers, rows, time and what stays', async () => {
  const { judged } = await gate({ on: home, candidate: home.scores(0.2), champion: home.scores(1, { seed: 2 }) });
  expect(gateReport.parse(judged)).toEqual(judged);
  expect(judged).toMatchObject({ verdict: 'pass', as: 'better', attempt: 1, level: 0.05 });
  expect(judged.sentence).toMatch(
    /^Passed: version 7 is better than version 6: roc_auc 0\.\d{4} for version 7 against 0\.\d{4} for version 6: better by 0\.\d{4} \(one-sided 95 % bounds: better by 0\.\d{4} to better by 0\.\d{4}; allowed: worse by 0\.0100\), on 4,200 rows in 14 days, 1 to 14 April 2013\. Version 6 stays live until the rollout of the new one is complete\./,
  );
});

test('a clearly worse candidate fails, the champion stays, and the sentence says what to do', async () => {
  const { judged, rule } = await gate({
    on: home,
    candidate: home.scores(1.5),
    champion: home.scores(0.1, { seed: 2 }),
    context: { run: 'flights-delay-000042' },
  });
  expect(judged.verdict).toBe('fail');
  expect(rule('primary')).toMatchObject({ outcome: 'fail', effect: 'blocks', limit: -0.01 });
  expect(judged.sentence).toMatch(
    /^Not promoted: .* Version 6 stays live\. Look at `hone gate explain flights-delay-000042`;/,
  );
});

test('the same model again is not worse: it passes as non-inferior, never as better', async () => {
  const scores = home.scores(0.3);
  const { judged } = await gate({ on: home, candidate: scores, champion: scores });
  expect(judged).toMatchObject({ verdict: 'pass', as: 'non_inferior' });
  const strict = await gate({
    on: home,
    candidate: scores,
    champion: scores,
    changes: { gate: { champion: { promote_when: 'better' } } },
  });
  expect(strict.judged.verdict).toBe('inconclusive');
});

test('better ranking does not excuse worse probabilities: log loss is a guard of its own', async () => {
  const { judged, rule } = await gate({
    on: home,
    candidate: home.scores(0.1, { bias: 1.2 }),
    champion: home.scores(0.5, { seed: 2 }),
  });
  expect(rule('primary')!.outcome).toBe('pass');
  expect(rule('guard/log_loss')).toMatchObject({ outcome: 'fail' });
  expect(judged.sentence).toMatch(
    /^Not promoted: calibration is worse: log_loss .*recalibrate with `training.calibration: isotonic`\.$/,
  );
  expect(judged.warnings.join()).toContain('mean prediction minus label rate');
});

test('too few rows, days or positives never pass and never fail', async () => {
  const small = town({ days: 14, perDay: 60 });
  const few = await gate({ on: small, candidate: small.scores(0), champion: small.scores(3, { seed: 2 }) });
  expect(few.judged.verdict).toBe('inconclusive');
  expect(few.judged.sentence).toMatch(
    /^Not decided: too few rows to judge version 7: too little to judge: 840 rows with a label, 2000 needed/,
  );
  const days = town({ days: 5, perDay: 900 });
  const short = await gate({ on: days, candidate: days.scores(0.1), champion: days.scores(0.2, { seed: 2 }) });
  expect(short.judged.verdict).toBe('inconclusive');
  expect(short.judged.sentence).toContain('5 blocks (P1D), 6 needed');
});

test('a first version is held to floors and baseline, and always needs a person', async () => {
  const good = await gate({ on: home, candidate: home.scores(0.2) });
  expect(good.judged).toMatchObject({ verdict: 'pass', as: 'first', power: null });
  expect(good.judged.person).toEqual(['This is the first version: there is no champion to compare it with.']);
  expect(good.judged.rules.map(({ rule }) => rule)).toEqual([
    'data/enough',
    'floor/roc_auc',
    'baseline/log_loss',
    'calibration/in_the_large',
    'calibration/slope',
  ]);
  const poor = await gate({ on: home, candidate: home.scores(30) });
  expect(poor.rule('floor/roc_auc')!.outcome).toBe('fail');
  expect(poor.rule('baseline/log_loss')!.outcome).toBe('fail');
  expect(poor.judged.sentence).toMatch(/^Not promoted: roc_auc misses its floor.* No version is live\./);
});

test('a floor is met by the figure; a bound on its wrong side takes away automatic approval', async () => {
  const { report } = await gate({ on: home, candidate: home.scores(0.2) });
  const auc = report.models.candidate.metrics.roc_auc!;
  const near = (auc.estimate! + auc.lower!) / 2;
  const { judged } = await gate({
    on: home,
    candidate: home.scores(0.2),
    changes: { gate: { floors: { roc_auc: near } } },
  });
  expect(judged.verdict).toBe('pass');
  expect(judged.warnings).toEqual([expect.stringContaining('lies within the bounds')]);
});

test('a floor that asks for worse than a constant prediction is a mistake in the file', async () => {
  const floors = { roc_auc: 'below_baseline' as const };
  await expect(gate({ on: home, candidate: home.scores(0.2), changes: { gate: { floors } } })).rejects.toThrow(
    'Write `roc_auc: above_baseline`',
  );
});

test('a critical slice that is shown worse blocks; another one warns', async () => {
  const pair = { on: home, candidate: home.scores(4, { only: 'EWR' }), champion: home.scores(0) };
  const changes = {
    gate: { champion: { margin: { roc_auc: { kind: 'absolute' as const, value: 0.2 } } }, floors: {} },
  };
  const critical = await gate({ ...pair, changes });
  expect(critical.judged.verdict).toBe('fail');
  expect(critical.rule('slice/origin=EWR/roc_auc')).toMatchObject({ effect: 'blocks', outcome: 'fail' });
  expect(critical.rule('slice/origin=JFK/roc_auc')!.outcome).toBe('pass');
  const declared = await gate({ ...pair, changes: { gate: { ...changes.gate, slices: { critical: [] } } } });
  expect(declared.judged.verdict).toBe('pass');
  expect(declared.judged.warnings).toContainEqual(expect.stringContaining('origin EWR: roc_auc'));
});

test('a critical slice too small to judge warns by name, so that nothing is approved automatically', async () => {
  const scores = home.scores(0.2);
  const { judged } = await gate({
    on: home,
    candidate: scores,
    champion: scores,
    changes: { gate: { slices: { critical: ['carrier'] } } },
  });
  expect(judged.verdict).toBe('pass');
  expect(judged.warnings).toEqual(['carrier HA: not judged, 84 rows, fewer than 500']);
});

test.each(['drift', 'performance', 'calibration', 'schedule'] as const)(
  'a score shift alone never blocks after the trigger %s',
  async (trigger) => {
    // Squeezed scores rank the same but lie elsewhere: a far shift without a loss in rank.
    const champion = home.scores(0.2);
    const candidate = champion.map((score) => 0.5 + 0.2 * score);
    const margin = { roc_auc: { kind: 'absolute' as const, value: 0.01 } };
    const { judged, report } = await gate({
      on: home,
      candidate,
      champion,
      context: { trigger },
      changes: { gate: { champion: { margin }, floors: {} } },
    });
    expect(report.behaviour!.score_psi).toBeGreaterThan(0.25);
    expect(judged.verdict).toBe('pass');
    expect(judged.person.length).toBe(trigger === 'schedule' ? 1 : 0);
  },
);

test('many small steps down are held against the anchor, and an anchor that was not scored decides nothing', async () => {
  const [best, champion, candidate] = [home.scores(0), home.scores(0.6, { seed: 2 }), home.scores(0.6, { seed: 2 })];
  const against = await gate({ on: home, candidate, champion, anchor: best, context: { anchor: 3 } });
  expect(against.rule('primary')!.outcome).toBe('pass');
  expect(against.rule('anchor')).toMatchObject({ outcome: 'fail', limit: -0.02 });
  expect(against.judged.sentence).toMatch(/^Not promoted: small losses have added up against the anchor/);
  const missing = await gate({ on: home, candidate, champion, context: { anchor: 3 } });
  expect(missing.judged.verdict).toBe('inconclusive');
  expect((await gate({ on: home, candidate, champion, context: { anchor: 6 } })).judged.verdict).toBe('pass');
});

test('a champion that was not scored never lets a candidate pass', async () => {
  const { judged } = await gate({ on: home, candidate: home.scores(0), context: { first: false } });
  expect(judged.verdict).toBe('inconclusive');
  expect(judged.sentence).toContain('the champion was not scored on these rows');
});

test('another look at the same rows has to show more', async () => {
  const [candidate, champion] = [home.scores(0.5), home.scores(0.5, { seed: 2 })];
  const looks = await Promise.all(
    [1, 2, 5].map((attempt) => gate({ on: home, candidate, champion, context: { attempt } })),
  );
  const lowers = looks.map(({ rule }) => rule('primary')!.lower!);
  expect(lowers[1]!).toBeLessThan(lowers[0]!);
  expect(lowers[2]!).toBeLessThan(lowers[1]!);
  expect(looks[1]!.rule('primary')!.sentence).toContain('one-sided 99.24 % bounds');
});

test('looks are counted where more than half of the days decided before', () => {
  const days = ['01', '02', '03', '04'].map((day) => `2013-04-${day}T00:00:00.000Z`);
  expect(lookNumber(days, [])).toBe(1);
  expect(lookNumber(days, [{ keys: days.slice(0, 2) }])).toBe(1);
  expect(lookNumber(days, [{ keys: days.slice(0, 3) }, { keys: days }])).toBe(3);
});

test('the power says what these rows can tell apart', async () => {
  const { judged, rule } = await gate({
    on: home,
    candidate: home.scores(0.5),
    champion: home.scores(0.5, { seed: 2 }),
  });
  const power = judged.power!;
  expect(power.margin).toBe(0.01);
  expect(power.equal_passes).toBeGreaterThan(0);
  expect(power.equal_passes).toBeLessThan(1);
  expect(power.detectable).toBeGreaterThan(rule('primary')!.upper! - rule('primary')!.value!);
  // Four times the days see half the difference.
  expect(detectableOn(56, { detectable: power.detectable, blocks: 14 })).toBeCloseTo(power.detectable / 2, 12);
});
