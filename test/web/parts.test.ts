/** The small parts of the pages: sentences for people, the steps of a rollout, names of stages. */
import { expect, test } from 'vitest';
import type { ModelConfig } from '../../src/config/model.ts';
import type { LedgerEntry, LedgerState } from '../../src/registry/contract.ts';
import { stepText } from '../../src/registry/rollout-text.ts';
import { stepsSection } from '../../src/web/pages/rollout-steps.ts';
import { actorName, prose } from '../../src/web/parts/prose.ts';
import { lasting } from '../../src/web/parts/time.ts';
import { stageNames } from '../../src/web/reads/stage-names.ts';

test('times, durations, digests, runs and commands in a sentence are shown as people read them', () => {
  const said = prose(
    `Until 2013-12-18T00:00:00.000Z, for PT15M, then P7D. From ${'ab'.repeat(32)} by churn-000007; see \`hone run show churn-000007\`. 1 approval(s), 2 approval(s).`,
  ).text;
  expect(said).toContain(
    '<time datetime="2013-12-18T00:00:00.000Z">2013-12-18 00:00 UTC</time>, for 15 min, then 7 days.',
  );
  expect(said).toContain(`<code title="${'ab'.repeat(32)}">abababababab</code>`);
  expect(said).toContain(
    'by <a href="/runs/churn-000007">churn-000007</a>; see <code>hone run show churn-000007</code>.',
  );
  expect(said).toContain('1 approval, 2 approvals.');
});

test('what strangers wrote stays text, and words that only look like a duration or a run stay words', () => {
  expect(prose('<b> PSI P50 at PT1.5S. model-12 v1').text).toBe('&lt;b&gt; PSI P50 at 1.5 s. model-12 v1');
  expect(actorName('"><img>').text).toBe('&quot;&gt;&lt;img&gt;');
  expect(actorName('churn-000007').text).toContain('href="/runs/churn-000007"');
});

test.each([
  ['PT15M', '15 min'],
  ['PT1H', '1 hour'],
  ['P1D', '1 day'],
  ['PT36H', '36 hours'],
  ['P28D', '28 days'],
  ['PT1.5S', '1.5 s'],
  ['PT90S', '2 min'],
])('%s is said as %s', (duration, said) => expect(lasting(duration)).toBe(said));

test('the refit is told from the training before the gate, and a second look from the first', () => {
  const stages = ['train', 'evaluate', 'gate', 'evaluate', 'gate', 'train'].map((stage) => ({ stage }));
  expect(stageNames(stages)).toEqual([
    'train',
    'evaluate',
    'gate',
    'evaluate, 2. time',
    'gate, 2. time',
    'train, full refit',
  ]);
});

const deploy = {
  target: 'built-in',
  shadow: { bake: 'PT10M', min_requests: 500, max_wait: 'PT6H' },
  canary: {
    steps: [5, 100],
    bake: 'PT30M',
    min_requests: 300,
    max_wait: 'PT6H',
    latency_ratio: 1.5,
    error_share: 0.01,
  },
  probation: { until_labels_mature_for: 'P7D', on_worse: 'roll_back' },
} as unknown as ModelConfig['deploy'];
const webhook = { ...deploy, target: { kind: 'webhook' } } as unknown as ModelConfig['deploy'];
const state = (share: number) =>
  ({
    aliases: { champion: { version: 1 }, shadow: share === 0 ? { version: 2 } : null },
    routing: {
      arms: [
        { version: 1, share: 100 - share },
        { version: 2, share },
      ],
    },
  }) as unknown as LedgerState;
const entries = [
  { at: '2026-01-01T10:00:00.000Z', change: { kind: 'rollout_prepared', version: 2 } },
] as unknown as LedgerEntry[];

function ladder(own: ModelConfig['deploy'], split: boolean | null, share = 0): string {
  const now = new Date('2026-01-01T10:04:00.000Z');
  const arms = new Map([[2, { requests: 120, errors: 0, nan: 0, meanLatencyMs: 1, maxDisagreement: 0, checked: 0 }]]);
  return stepsSection({ deploy: own, state: state(share), entries, split, at: share, arms, now }).text;
}

const named = (text: string) => [...text.matchAll(/<li[^>]*>([^<]+)<\/li>/g)].map(([, name]) => name);

test('the steps of a rollout are those of its target, with the one that it is at', () => {
  const probation = 'probation until labels of 7 days have matured';
  expect(named(ladder(deploy, null))).toEqual(['shadow: scores, answers nobody, now', '5 %', '100 %', probation]);
  expect(named(ladder({ ...deploy, shadow: 'off' }, null, 5))).toEqual(['5 %, now', '100 %', probation]);
  expect(named(ladder(webhook, false))).toEqual(['shadow by replay of logged requests, now', '100 %', probation]);
  expect(named(ladder(webhook, true, 5))).toEqual(['5 %, now', '100 %', probation]);
  expect(ladder(webhook, null)).toContain('did not say whether it can split traffic');
});

test('a step tells since when, until when at least, and how many requests it has of those that it needs', () => {
  const text = ladder(deploy, null);
  expect(text).toContain('>4 minutes ago</time>');
  expect(text).toContain('>2026-01-01 10:10 UTC</time> at least');
  expect(text).toContain('scored 120 requests since it was loaded, and the step needs 500 of its own');
});

test('a rollout says whether its version is a shadow, only loaded, or answers a share', () => {
  const text = (step: number | null, of: LedgerState, paused = false) => stepText({ step, paused }, of);
  expect(text(0, state(0))).toBe('as a shadow: version 2 scores what the champion answers, and answers nobody');
  const loaded = { ...state(0), aliases: { ...state(0).aliases, shadow: null } };
  expect(text(0, loaded)).toBe('before the first share of traffic');
  expect(text(0, { ...loaded, aliases: { ...loaded.aliases, shadow: { version: 9, effectId: 'e' } } })).toBe(
    'before the first share of traffic',
  );
  expect(text(25, state(25), true)).toBe('paused, at 25 % of entities');
});
