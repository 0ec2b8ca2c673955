import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ModelConfig, type TriggerKind, triggerKind } from '../../src/config/model.ts';
import { limitsAgainst, type Seen } from '../../src/policy/trigger-limits.ts';
import { considerAll } from '../../src/policy/triggers.ts';
import { endRun, startRun } from '../../src/registry/changes.ts';
import type { LedgerState } from '../../src/registry/contract.ts';
import { initialState } from '../../src/registry/state.ts';
import type { Trigger } from '../../src/workflows/contract.ts';

type Triggers = ModelConfig['triggers'];
const triggers = (more: Partial<Triggers> = {}) =>
  ({
    schedule_while_active: 'queue',
    freeze_windows: [],
    combine: {},
    limits: { cool_down: 'P2D', per_day: 2, per_week: 3, min_new_labels: 100 },
    ...more,
  }) as unknown as Triggers;
const asOf = '2013-04-10T12:00:00.000Z';
const served: LedgerState = {
  ...initialState(),
  aliases: { ...initialState().aliases, champion: { version: 1, effectId: 'x' } },
};
const ran = (...runs: [as_of: string, outcome?: string][]): LedgerState => ({
  ...served,
  budgets: {
    ...served.budgets,
    runs: runs.map(([as_of, outcome = 'promoted'], i) => ({ run: `m-${i + 1}`, as_of, outcome, trigger: 'drift' })),
  },
});
const asked = (kind: TriggerKind, more: Partial<Trigger> = {}): Trigger => ({ kind, reason: 'why', by: 'x', ...more });
const told = (trigger: Trigger, state: LedgerState, file = triggers(), seen: Seen[] = []) =>
  limitsAgainst(trigger, state, file, asOf, seen).map(
    ({ sentence, told: kinds }) => `${kinds.includes(trigger.kind) ? 'told' : 'held'}: ${sentence}`,
  );

const yearEnd = { freeze_windows: [{ from: '2013-04-01T00:00:00Z', to: '2013-05-01T00:00:00Z', reason: 'audit' }] };
const frozen = '2013-04-01T00:00:00Z to 2013-05-01T00:00:00Z is a freeze window: audit';
const twoToday = ran(['2013-04-10T01:00:00Z', 'failed'], ['2013-04-10T02:00:00Z', 'failed']);
const threeThisWeek = ran(['2013-04-04T00:00:00Z'], ['2013-04-05T00:00:00Z'], ['2013-04-06T00:00:00Z']);
const cooling = 'cool-down of P2D since m-1 (2013-04-09T00:00:00Z) is not over';
const few = { evidence: { new_mature_labels: 99 } };
const withQuality = triggers({ combine: { drift: { only_with: ['performance', 'calibration'], within: 'P7D' } } });
const alone = 'drift starts a run only with performance and calibration within P7D; no ';

describe('what speaks against a run', () => {
  test.each<[what: string, trigger: Trigger, state: LedgerState, file: Triggers, expected: string[]]>([
    ['nothing', asked('drift'), served, triggers(), []],
    ['a freeze window', asked('drift'), served, triggers(yearEnd), [`held: ${frozen}`]],
    ['one, for an event', asked('event'), served, triggers(yearEnd), [`held: ${frozen}`]],
    ['one, told to a person', asked('manual'), served, triggers(yearEnd), [`told: ${frozen}`]],
    ['one, before the first version', asked('drift'), initialState(), triggers(yearEnd), [`held: ${frozen}`]],
    [
      'two runs today, also failed ones',
      asked('event'),
      twoToday,
      triggers(),
      ['held: budget used: 2 of 2 runs in the last 24 hours'],
    ],
    [
      'the same, told to a person',
      asked('manual'),
      twoToday,
      triggers(),
      ['told: budget used: 2 of 2 runs in the last 24 hours'],
    ],
    ['runs of 24 hours ago', asked('drift'), ran(['2013-04-09T12:00:00Z', 'failed']), triggers(), []],
    ['a cool-down', asked('age'), ran(['2013-04-09T00:00:00Z']), triggers(), [`held: ${cooling}`]],
    ['one, told to an event', asked('event'), ran(['2013-04-09T00:00:00Z']), triggers(), [`told: ${cooling}`]],
    [
      'three judged runs in seven days',
      asked('performance'),
      threeThisWeek,
      triggers(),
      ['held: budget used: 3 of 3 runs in the last seven days'],
    ],
    ['three failed ones', asked('performance'), ran(['2013-04-05T00:00:00Z', 'failed']), triggers(), []],
    [
      'few new labels, for routine',
      asked('volume', few),
      served,
      triggers(),
      ['held: 99 new mature labels, fewer than 100: nothing to learn yet'],
    ],
    ['few new labels, for a drop of quality', asked('performance', few), served, triggers(), []],
  ])('%s', (_what, trigger, state, file, expected) => {
    expect(told(trigger, state, file)).toEqual(expected);
  });

  test.each<[what: string, seen: Seen[], expected: string[]]>([
    ['was never seen', [], [`held: ${alone}performance and no calibration so far`]],
    [
      'was seen in part',
      [{ kind: 'performance', as_of: '2013-04-09T00:00:00Z' }],
      [`held: ${alone}calibration so far`],
    ],
    [
      'was seen',
      [
        { kind: 'performance', as_of: '2013-04-09T00:00:00Z' },
        { kind: 'calibration', as_of: asOf },
      ],
      [],
    ],
    [
      'was seen too long ago',
      [
        { kind: 'performance', as_of: '2013-04-03T12:00:00Z' },
        { kind: 'calibration', as_of: asOf },
      ],
      [`held: ${alone}performance so far`],
    ],
  ])('a kind that needs another: that %s', (_what, seen, expected) => {
    expect(told(asked('drift'), served, withQuality, seen)).toEqual(expected);
    expect(told(asked('performance'), served, withQuality, seen)).toEqual([]);
  });

  test('a companion that had its run already does not count again', () => {
    const seen: Seen[] = [
      { kind: 'performance', as_of: '2013-04-07T00:00:00Z' },
      { kind: 'calibration', as_of: '2013-04-08T00:00:00Z' },
    ];
    const state = ran(['2013-04-07T12:00:00Z']);
    expect(told(asked('drift'), state, withQuality, seen)).toEqual([`held: ${alone}performance so far`]);
  });
});

test('runs that push judged ones out of the memory of the ledger do not make room in the week', () => {
  const failed = Array.from({ length: 20 }, (_, i): [string, string] => [
    `2013-04-0${4 + Math.floor(i / 5)}T0${i % 5}:00:00Z`,
    'failed',
  ]);
  const full = ['held: budget used: the last 20 runs were all in the last seven days'];
  expect(told(asked('drift'), ran(...failed))).toEqual(full);
  expect(told(asked('drift'), ran(...failed.slice(1)))).toEqual([]);
});

test('triggers that come together are companions', () => {
  const file = triggers({ combine: { drift: { only_with: ['performance'], within: 'P7D' } } });
  const both = { waited: [], arrived: [asked('drift'), asked('performance')], waiting: 0 };
  expect(considerAll(both, served, file, asOf, 'm-1').answers.map(({ answer }) => answer)).toEqual([
    'started',
    'merged',
  ]);
  const one = { ...both, arrived: [asked('drift')] };
  expect(considerAll(one, served, file, asOf, 'm-1').answers[0]?.answer).toBe('skipped');
  const earlier = { ...one, seen: [{ kind: 'performance' as const, as_of: '2013-04-08T00:00:00Z' }] };
  expect(considerAll(earlier, served, file, asOf, 'm-1').answers[0]?.answer).toBe('started');
});

/** Days of asking: hours apart, what is asked, and how a run that starts ends. */
const life = fc.array(
  fc.record({
    hours: fc.integer({ min: 0, max: 40 }),
    kind: fc.constantFrom(...triggerKind.options),
    outcome: fc.constantFrom('promoted', 'rejected_by_gate', 'failed', 'cancelled', 'expired'),
  }),
  { maxLength: 120 },
);
const HOUR = 3_600_000;

test('no sequence of triggers exceeds the daily and the weekly budget, but for what was asked by hand or from outside', () => {
  fc.assert(
    fc.property(
      life,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('PT0S', 'PT30H', 'P4D'),
      (asks, per_day, per_week, cool_down) => {
        const file = triggers({ limits: { cool_down, per_day, per_week, min_new_labels: 0 } });
        let state: LedgerState = served;
        let now = Date.parse('2013-01-01T00:00:00Z');
        const started: { at: number; kind: TriggerKind; outcome: string }[] = [];
        for (const { hours, kind, outcome } of asks) {
          now += hours * HOUR;
          const as_of = new Date(now).toISOString();
          const run = `m-${String(state.nextRun).padStart(6, '0')}`;
          const { starts } = considerAll({ waited: [], arrived: [asked(kind)], waiting: 0 }, state, file, as_of, run);
          if (starts.length === 0) continue;
          const began = startRun({ run, trigger: kind, config: '0'.repeat(64), as_of, now: as_of })(state);
          if ('refused' in began) throw new Error(began.refused);
          const ended = endRun({ run, outcome, version: null, as_of, trigger: kind })(began.state);
          if ('refused' in ended) throw new Error(ended.refused);
          state = ended.state;
          started.push({ at: now, kind, outcome });
        }
        const judged = started.filter(({ outcome }) => outcome !== 'failed' && outcome !== 'cancelled');
        for (const { at, kind } of started) {
          const before = (runs: typeof started, span: number) =>
            runs.filter((one) => one.at < at && at - one.at < span).length;
          if (kind === 'manual') continue;
          expect(before(started, 24 * HOUR)).toBeLessThan(per_day);
          if (kind === 'event') continue;
          expect(before(judged, 168 * HOUR)).toBeLessThan(per_week);
          const since = Math.max(...judged.filter((one) => one.at < at).map((one) => one.at));
          const coolDown = { PT0S: 0, PT30H: 30, P4D: 96 }[cool_down] ?? 0;
          expect(at - since).toBeGreaterThanOrEqual(coolDown * HOUR);
        }
      },
    ),
    { numRuns: 300 },
  );
});
