/** Rows that a reason of the run names: judged on their own, never passed for want of rows, and a person approves. */
import { describe, expect, test } from 'vitest';
import type { ModelConfig } from '../../src/config/model.ts';
import type { DemandedSlice } from '../../src/evaluation/demanded-slices.ts';
import { evaluate } from '../../src/evaluation/evaluate.ts';
import { approvedByPolicy } from '../../src/gate/automatic.ts';
import { judge } from '../../src/gate/judge.ts';
import { packetMarkdown } from '../../src/gate/render.ts';
import { type Changes, flights, town } from '../evaluation/flights.ts';
import { packetOf } from './judged.ts';

const home = town();
const LGA = { column: 'origin', value: 'LGA' };
const APRIL_8 = '2013-04-08T00:00:00.000Z';
const why = { by: 'event by routes desk', reason: 'new_region: origin LGA (event 17 of /routes)' };

interface Case {
  readonly demanded: DemandedSlice[];
  readonly candidate?: Float64Array;
  readonly champion?: Float64Array | null;
  readonly changes?: Changes;
  readonly demands?: { by: string; reason: string }[];
}

async function gate({ demanded, candidate = home.scores(0.3), champion, changes, demands = [why] }: Case) {
  const uncertainty = { resamples: 200 };
  const config = await flights({ gate: { uncertainty, ...changes?.gate } });
  const other = champion === null ? null : (champion ?? home.scores(0.3, { seed: 2 }));
  const report = evaluate({
    config,
    rows: home.rows,
    scores: { candidate, ...(other ? { champion: other } : {}) },
    candidateVersion: 7,
    ...(other ? { championVersion: 6 } : {}),
    baselineRate: 0.27,
    seed: 7,
    demanded,
  });
  const judged = judge(report, config, { first: other === null, trigger: 'event', demands });
  const rules = judged.rules.filter(({ rule }) => rule.startsWith('demanded/'));
  return { config, report, judged, rules };
}

test('the rows from that instant with that value are the ones that are judged', async () => {
  const scores = home.scores(0.3);
  const { report } = await gate({ demanded: [{ slice: LGA, since: APRIL_8 }], candidate: scores });
  const keep = home.rows.eventTime.map((time, i) =>
    time >= Date.parse(APRIL_8) && home.rows.slices['origin']?.[i] === 'LGA' ? 1 : 0,
  );
  const only = <T>(values: ArrayLike<T>) => Array.from(values).filter((_, i) => keep[i] === 1);
  const alone = evaluate({
    config: await flights({ gate: { uncertainty: { resamples: 200 } } }),
    rows: {
      label: Float64Array.from(only(home.rows.label)),
      eventTime: Float64Array.from(only(home.rows.eventTime)),
      id: only(home.rows.id),
      entity: only(home.rows.entity),
      slices: { origin: only(home.rows.slices['origin'] ?? []), carrier: only(home.rows.slices['carrier'] ?? []) },
    },
    scores: { candidate: Float64Array.from(only(scores)) },
    baselineRate: 0.27,
    seed: 7,
  });
  const [demanded, ...others] = report.slices;
  expect(demanded).toMatchObject({ ...LGA, rows: alone.rows, not_judged: null, demanded: { since: APRIL_8 } });
  expect(demanded?.candidate.roc_auc).toBeCloseTo(alone.models.candidate.metrics.roc_auc?.estimate ?? 0, 12);
  expect(others.some((slice) => slice.demanded !== undefined)).toBe(false);
  expect(others.find(({ value }) => value === 'LGA')?.rows).toBeGreaterThan(alone.rows);
});

describe('the verdict', () => {
  test('stays open where the rows are too few, however good the rest is', async () => {
    const since = '2013-04-14T00:00:00.000Z';
    const { judged, rules } = await gate({ demanded: [{ slice: LGA, since }], candidate: home.scores(0.1) });
    expect(rules).toMatchObject([{ rule: 'demanded/origin=LGA', outcome: 'inconclusive', effect: 'blocks' }]);
    expect(judged.verdict).toBe('inconclusive');
    expect(judged.sentence).toContain('origin LGA since 2013-04-14 has to be judged and was not:');
  });

  test('stays open where there is no such row at all', async () => {
    const nowhere = { slice: { column: 'origin', value: 'Mars' }, since: null };
    const { judged, report } = await gate({ demanded: [nowhere] });
    expect(report.slices[0]).toMatchObject({ value: 'Mars', rows: 0, not_judged: '0 rows, fewer than 500' });
    expect(judged.verdict).toBe('inconclusive');
  });

  test('is a fail where they are shown to be worse, and open to the person where that is not shown', async () => {
    const one = {
      demanded: [{ slice: LGA, since: null }],
      candidate: home.scores(2.5, { only: 'LGA' }),
      champion: home.scores(0.1, { seed: 2 }),
    };
    const noSlices = { columns: [], critical: [], min_rows: 200 };
    const strict = await gate({ ...one, changes: { gate: { slices: { ...noSlices, margin: {} } } } });
    expect(strict.rules).toMatchObject([{ outcome: 'fail', effect: 'blocks', metric: 'roc_auc', limit: -0.01 }]);
    expect(strict.judged.verdict).toBe('fail');

    const margin = { roc_auc: { kind: 'absolute' as const, value: -(strict.rules[0]?.value ?? 0) } };
    const { judged, rules } = await gate({ ...one, changes: { gate: { slices: { ...noSlices, margin } } } });
    expect(rules).toMatchObject([
      { rule: 'demanded/origin=LGA/roc_auc', outcome: 'inconclusive', effect: 'needs_person' },
    ]);
    expect(judged.warnings).toContain(rules[0]?.sentence);
  });

  test('passes where they are as good, and still asks for a person', async () => {
    const { config, judged, rules } = await gate({ demanded: [{ slice: LGA, since: APRIL_8 }] });
    expect(rules).toMatchObject([{ rule: 'demanded/origin=LGA/roc_auc', effect: 'blocks', outcome: 'pass' }]);
    expect(judged.verdict).toBe('pass');
    const quiet = { ...judged, warnings: [] };
    const automatic: ModelConfig = {
      ...config,
      approval: { ...config.approval, auto: { triggers: ['event'], warnings: 'none' } },
    };
    expect(approvedByPolicy(automatic, 'event', { ...quiet, person: [] })).toBe(true);
    expect(approvedByPolicy(automatic, 'event', quiet)).toBe(false);
    expect(judged.person).toEqual([`Asked for by event by routes desk, which a person has to approve: ${why.reason}.`]);
  });

  test('of a first version shows their figure, and stays open on too few of them', async () => {
    const enough = await gate({ demanded: [{ slice: LGA, since: APRIL_8 }], champion: null });
    expect(enough.rules[0]?.sentence).toMatch(
      /^origin LGA since 2013-04-08: roc_auc 0\.\d{4} on \d+ rows, and no champion/,
    );
    expect(enough.judged.verdict).toBe('pass');
    const few = await gate({ demanded: [{ slice: LGA, since: '2013-04-14T00:00:00.000Z' }], champion: null });
    expect(few.judged.verdict).toBe('inconclusive');
  });
});

test('an instant alone names every row from then on; one that names nothing asks for a person only', async () => {
  const { report, rules } = await gate({ demanded: [{ slice: null, since: APRIL_8 }] });
  expect(rules.map(({ rule }) => rule)).toEqual(['demanded/all rows/roc_auc']);
  expect(report.slices[0]).toMatchObject({ rows: 7 * 300, demanded: { since: APRIL_8 } });
  const none = await gate({ demanded: [{ slice: null, since: null }] });
  expect(none.rules).toEqual([]);
  expect(none.judged.person).toHaveLength(1);
});

test('two reasons that name the same rows are judged once, and both are told', async () => {
  const one = { slice: LGA, since: APRIL_8 };
  const { judged, rules } = await gate({ demanded: [one, { ...one }], demands: [why, { ...why, by: 'event by law' }] });
  expect(rules).toHaveLength(1);
  expect(judged.person).toHaveLength(2);
});

test('the packet says who asked for what, and shows the rows first', async () => {
  const { config, report, judged } = await gate({ demanded: [{ slice: LGA, since: APRIL_8 }] });
  const packet = await packetOf(
    { candidate: home.scores(0.3), champion: home.scores(0.3, { seed: 2 }), on: home },
    { config, evaluation: report, gate: judged },
  );
  expect(packet.reasons_against).toContain(judged.person[0]);
  const text = packetMarkdown(packet);
  expect(text).toContain('origin LGA since 2013-04-08 (asked for)');
  expect(text).toContain('passed demanded/origin=LGA/roc_auc: origin LGA since 2013-04-08: roc_auc');
});
