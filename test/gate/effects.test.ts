/** What a rule that is not met does, by the model file; rows and blocks of each rule; the same verdict to the byte. */
import { expect, test } from 'vitest';
import { loadModelFile } from '../../src/config/load.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import type { EvaluationReport } from '../../src/evaluation/contract.ts';
import { approvedByPolicy } from '../../src/gate/automatic.ts';
import { gateReport } from '../../src/gate/contract.ts';
import { judge } from '../../src/gate/judge.ts';
import { packetText } from '../../src/gate/render.ts';
import { canonicalJson } from '../../src/store/content.ts';
import { flights, town } from '../evaluation/flights.ts';
import { gate, packetOf } from './judged.ts';

const home = town();
const config = await flights();
const effects = (changes: Partial<ModelConfig['gate']['effects']>) => ({ ...config.gate.effects, ...changes });
const absolute = (value: number) => ({ kind: 'absolute' as const, value });
const wide = { champion: { margin: { roc_auc: absolute(0.2) } }, floors: {} };
const auto = {
  tier: 'standard',
  approval: { ...config.approval, auto: { triggers: ['schedule'] } },
} as unknown as ModelConfig;

test.each([
  ['block', { verdict: 'fail', warnings: 0, notes: 0 }],
  ['needs_person', { verdict: 'pass', warnings: 1, notes: 0 }],
  ['warn', { verdict: 'pass', warnings: 0, notes: 1 }],
] as const)('a missed floor does what the file says: %s', async (effect, { verdict, warnings, notes }) => {
  const scores = home.scores(0.2);
  const changes = { gate: { floors: { roc_auc: 0.99 }, effects: effects({ floors: effect }) } };
  const { judged, rule } = await gate({ on: home, candidate: scores, champion: scores, changes });
  expect(rule('floor/roc_auc')).toMatchObject({
    outcome: 'fail',
    effect: { block: 'blocks', needs_person: 'needs_person', warn: 'warns' }[effect],
  });
  expect(judged).toMatchObject({ verdict });
  expect([judged.warnings.length, judged.notes?.length]).toEqual([warnings, notes]);
  expect(approvedByPolicy(auto, 'schedule', judged)).toBe(effect === 'warn');
});

test('a guard and calibration may be for a person, or block', async () => {
  const pair = { on: home, candidate: home.scores(0.1, { bias: 1.2 }), champion: home.scores(0.5, { seed: 2 }) };
  const mild = await gate({ ...pair, changes: { gate: { floors: {}, effects: effects({ guards: 'needs_person' }) } } });
  expect(mild.judged.verdict).toBe('pass');
  expect(mild.judged.warnings.join()).toContain('log_loss');
  const margin = { roc_auc: absolute(0.2) };
  const strict = await gate({
    ...pair,
    changes: { gate: { champion: { margin }, floors: {}, effects: effects({ calibration: 'block' }) } },
  });
  expect(strict.rule('calibration/in_the_large')).toMatchObject({ outcome: 'fail', effect: 'blocks', blocks: 14 });
  expect(strict.judged.sentence).toMatch(/^Not promoted: calibration is off: mean prediction minus label rate/);
});

test('what moved may only be told, and may never block', async () => {
  const champion = home.scores(0.2);
  const candidate = champion.map((score) => 0.5 + 0.2 * score);
  const told = effects({ score_shift: 'warn', label_flips: 'warn', calibration: 'warn' });
  const { judged } = await gate({ on: home, candidate, champion, changes: { gate: { ...wide, effects: told } } });
  expect(judged).toMatchObject({ verdict: 'pass', warnings: [], person: [] });
  expect(judged.notes).toEqual(
    expect.arrayContaining([expect.stringContaining('scores moved'), expect.stringContaining('changed sides')]),
  );
  const file = new URL('../../config/models/flights-delay.yaml', import.meta.url).pathname;
  await expect(loadModelFile(file)).resolves.toMatchObject({
    config: { gate: { effects: { score_shift: 'needs_person' } } },
  });
});

/** The same report with what trainers said of their features. */
function weighing(
  report: EvaluationReport,
  now: Record<string, number>,
  before: Record<string, number>,
): EvaluationReport {
  const one = (importance: Record<string, number>) => ({ bytes: 1, latency_ms: null, threshold: 0.5, importance });
  return { ...report, footprint: { candidate: one(now), champion: one(before) } };
}

test('weight that goes to other features is told, but not after a trigger that expects a change', async () => {
  const scores = home.scores(0.2);
  const { report, judged } = await gate({ on: home, candidate: scores, champion: scores });
  const rule = (now: Record<string, number>, trigger: 'schedule' | 'drift' = 'schedule') => {
    const found = judge(weighing(report, now, { dep_hour: 0.7, carrier: 0.3 }), config, { first: false, trigger });
    return found.rules.find((one) => one.rule === 'behaviour/importance');
  };
  expect(rule({ dep_hour: 0.6, carrier: 0.4 })).toMatchObject({ outcome: 'pass', value: expect.closeTo(0.1, 9) });
  expect(rule({ dep_hour: 0.2, weather: 0.8 })).toMatchObject({
    outcome: 'fail',
    effect: 'warns',
    value: expect.closeTo(0.8, 9),
  });
  expect(rule({ weather: 1 }, 'drift')).toBeUndefined();
  expect(judged.rules.map((one) => one.rule)).not.toContain('behaviour/importance');
});

test('every rule says on how many rows and blocks it was judged', async () => {
  const { judged, report } = await gate({
    on: home,
    candidate: home.scores(0.2),
    champion: home.scores(0.3, { seed: 2 }),
  });
  expect(gateReport.parse(judged)).toEqual(judged);
  const sizes = Object.fromEntries(judged.rules.map(({ rule, rows, blocks }) => [rule, [rows, blocks]]));
  expect(sizes['primary']).toEqual([4200, 14]);
  const jfk = report.slices.find(({ value }) => value === 'JFK');
  expect(sizes['slice/origin=JFK/roc_auc']).toEqual([jfk?.rows, 14]);
  expect(Object.values(sizes).every(([rows]) => rows !== undefined)).toBe(true);
});

test('the same rows, seed and file give the same verdict to the byte, and another seed other bounds', async () => {
  const days = town({ days: 20, perDay: 150 });
  const once = async (seed: number) => {
    const pair = { candidate: days.scores(0.4), champion: days.scores(0.5, { seed: 2 }) };
    const { judged } = await gate({ on: days, ...pair, seed });
    return canonicalJson(judged);
  };
  const first = await once(7);
  expect(await once(7)).toBe(first);
  expect(await once(8)).not.toBe(first);
});

test('beside the champion the packet shows constant, anchor and groups with their bounds', async () => {
  const region = Array.from(home.rows.label, (_, i) => (i % 3 === 0 ? 'north' : 'south'));
  const on = { ...home, rows: { ...home.rows, slices: { ...home.rows.slices, region } } };
  const fairness = { protected: ['region'], limits: { calibration_gap: 0.1 }, on_breach: 'needs_person' as const };
  const models = {
    candidate: home.scores(0.2),
    champion: home.scores(0.3, { seed: 2 }),
    anchor: home.scores(0.5, { seed: 3 }),
  };
  const text = packetText(await packetOf({ on, ...models, context: { anchor: 3 }, changes: { gate: { fairness } } }));
  expect(text).toMatch(
    /Always saying the same: roc_auc 0\.5000, the candidate better by 0\.\d{4} \(95 % bounds: .*\); log_loss 0\.\d+,/,
  );
  expect(text).toMatch(/Anchor, version 3: roc_auc 0\.\d{4}, the candidate better by 0\.\d{4} \(95 % bounds/);
  expect(text).toMatch(
    /region north .* %: \d\.\d\d \(\d\.\d\d to \d\.\d\d\) .* [+-]\d+\.\d % \([+-]\d+\.\d % to [+-]?\d+\.\d %\)/,
  );
});
