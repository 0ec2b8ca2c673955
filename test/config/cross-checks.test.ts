import { expect, test } from 'vitest';
import { MODEL_FILE, testWorkspace } from './workspace.ts';

test.each([
  [
    'an outcome used as a feature',
    'use: [carrier,',
    'use: [arr_delay_min, carrier,',
    'features.use[0]',
    'known only afterwards',
  ],
  [
    'the label used as a feature',
    'use: [carrier,',
    'use: [arrived_late, carrier,',
    'features.use[0]',
    'it is the label',
  ],
  [
    'the label inside an expression',
    'sched_dep_minute // 60',
    'ARRIVED_LATE + 1',
    'features.sql.dep_hour.expr',
    'it is the label',
  ],
  ['a feature listed twice', 'use: [carrier,', 'use: [carrier, carrier,', 'features.use[1]', 'listed twice'],
  [
    'a category that is no feature',
    'columns: [carrier, origin, dest]',
    'columns: [color]',
    'features.categories.columns[0]',
    'neither in',
  ],
  [
    'canary steps that fall',
    'steps: [5, 25, 50, 100]',
    'steps: [5, 50, 25, 100]',
    'deploy.canary.steps[2]',
    '25 follows 50',
  ],
  [
    'canary steps that end too early',
    'steps: [5, 25, 50, 100]',
    'steps: [5, 25]',
    'deploy.canary.steps',
    'must be 100',
  ],
  [
    'a target at GitHub, which cannot say what is served',
    'target: built-in',
    'target: { kind: webhook, url_env: A, status_url_env: null, key_env: B, callback_url_env: C, github: { ref: main, token_env: D } }',
    'deploy.target.status_url_env',
    'cannot answer',
  ],
  ['a canary that starts with all', 'steps: [5, 25, 50, 100]', 'steps: [100]', 'deploy.canary.steps', 'no canary'],
  ['an unknown group', 'from: [ops-ml]', 'from: [ops-lm]', 'approval.otherwise.from[0]', 'not in config/hone.yaml'],
  ['more approvers than people', 'approvers: 1', 'approvers: 4', 'approval.otherwise.approvers', 'has 3 people'],
  [
    'more from each group than approvers',
    'approvers: 1',
    'approvers: 1, each_group: 2',
    'approval.otherwise.each_group',
    'more than approvers: 1',
  ],
  [
    'signed decisions without keys',
    'approvers: 1',
    'approvers: 1, identity: signed',
    'approval.otherwise.identity',
    '0 of ops-ml have a key',
  ],
  [
    'an escalation after the deadline',
    'approvers: 1',
    'approvers: 1, escalate: { after: P3D, to: [ops-ml] }',
    'approval.otherwise.escalate.after',
    'must come before the deadline',
  ],
  [
    'glass that an unknown group may break',
    'otherwise: { approvers: 1',
    'break_glass: { from: [heads] }\n  otherwise: { approvers: 1',
    'approval.break_glass.from[0]',
    'not in config/hone.yaml',
  ],
  ['a high tier that decides by itself', 'tier: standard', 'tier: high', 'approval.auto', 'forbids automatic'],
  [
    'selective labels that decide by themselves',
    'selective_labels: false',
    'selective_labels: true',
    'approval.auto',
    'forbids automatic',
  ],
  [
    'two trials of one name',
    '  seed: 7',
    '  seed: 7\n  search: { configurations: [{ name: deep, params: {} }, { name: deep, params: { max_depth: 9 } }] }',
    'training.search.configurations[1].name',
    'two configurations are named deep',
  ],
  [
    'a choice by a metric of another task',
    '  seed: 7',
    '  seed: 7\n  search: { metric: r2_score }',
    'training.search.metric',
    'no metric of a binary task',
  ],
  ['a cron that is nonsense', '"0 6 * * MON"', '"0 25 * * MON"', 'triggers.schedule.cron', 'not valid'],
  ['a cron of seconds', '"0 6 * * MON"', '"* * * * * *"', 'triggers.schedule.cron', 'five fields'],
  [
    'a cron that fires each minute',
    '"0 6 * * MON"',
    '"* * * * *"',
    'triggers.schedule.cron',
    'shortest interval is PT15M',
  ],
  ['a cron that never fires', '"0 6 * * MON"', '"0 6 31 2 *"', 'triggers.schedule.cron', 'never fires'],
  ['an unknown time zone', 'America/New_York', 'America/Gotham', 'triggers.schedule.timezone', 'unknown'],
  [
    'a metric of another task',
    'floors: { roc_auc: 0.60,',
    'floors: { r2_score: 0.60,',
    'gate.floors.r2_score',
    'no metric of a binary',
  ],
  [
    'a floor on alerts without a capacity',
    'floors: { roc_auc: 0.60,',
    'floors: { recall_at: 0.60,',
    'gate.floors.recall_at',
    'needs gate.decision.alerts_per_day',
  ],
  [
    'a floor on a figure that is only shown',
    'floors: { roc_auc: 0.60,',
    'floors: { expected_calibration_error: 0.05,',
    'gate.floors.expected_calibration_error',
    'never judged',
  ],
  [
    'a slice judged by alerts of the whole day',
    'margin: { roc_auc: 0.03 }, min_rows: 500',
    'margin: { recall_at: 0.03 }, min_rows: 500',
    'gate.slices.margin.recall_at',
    'alerts of a whole day',
  ],
  [
    'no margin for the primary metric',
    'margin: { roc_auc: 0.01, log_loss: 1% }',
    'margin: { log_loss: 1% }',
    'gate.champion.margin',
    'needs a margin',
  ],
  ['windows of half days', 'validation: P7D', 'validation: PT36H', 'training.split.validation', 'whole days'],
  ['a holdout that can never decide', 'holdout: P14D', 'holdout: P5D', 'training.split.holdout', 'inconclusive'],
  [
    'a critical slice that is no slice',
    'critical: [origin]',
    'critical: [dest]',
    'gate.slices.critical[0]',
    'not in gate.slices',
  ],
  [
    'two events of one type',
    'volume: { new_mature_labels: 50000 }',
    'events: { new_airport: { type: dev.hone.trigger.new_region, since: optional, slice: optional, approval: person } }',
    'triggers.events.new_airport.type',
    'is the type of new_region already',
  ],
  [
    'a freeze window that ends before it begins',
    'volume: { new_mature_labels: 50000 }',
    'freeze_windows: [{ from: 2027-01-02T00:00:00Z, to: 2026-12-20T00:00:00Z, reason: x }]',
    'triggers.freeze_windows[0].to',
    'must come after from',
  ],
  [
    'a freeze window in a place that there is not',
    'volume: { new_mature_labels: 50000 }',
    'freeze_windows: [{ days: [SAT], from: "00:00", to: "24:00", timezone: Gotham, reason: x }]',
    'triggers.freeze_windows[0].timezone',
    'unknown',
  ],
  [
    'a kind of trigger combined with itself',
    'volume: { new_mature_labels: 50000 }',
    'combine: { drift: { only_with: [drift], within: P7D } }',
    'triggers.combine.drift.only_with',
    'always seen with itself',
  ],
  ['a deadline of nothing', 'deadline: P2D', 'deadline: PT0S', 'approval.otherwise.deadline', 'more than nothing'],
  ['a binary label without its positive value', 'positive: 1, ', '', 'data.label.positive', 'needs the value'],
  [
    'a field that is recorded in two ways',
    'hash: [tail_number]',
    'hash: [tail_number], truncate: { tail_number: 2 }',
    'monitoring.log.truncate',
    'recorded in one way',
  ],
  [
    'buckets whose edges fall',
    'hash: [tail_number]',
    'hash: [tail_number], bucket: { plane_year: [10, 5] }',
    'monitoring.log.bucket.plane_year',
    'edges must rise',
  ],
  [
    'a KPI whose limit points to better',
    'alert_at: +20%',
    'alert_at: -20%',
    'monitoring.kpis[0].alert_at',
    'above zero',
  ],
])('%s is refused at its own line', async (_, from, to, path, message) => {
  const workspace = await testWorkspace();
  await workspace.edit(MODEL_FILE, from, to);
  const problems = await workspace.problems();
  expect(problems.map((problem) => problem.path)).toContain(path);
  const problem = problems.find((candidate) => candidate.path === path);
  expect(problem?.message).toContain(message);
  expect(problem?.line).toBeGreaterThan(1);
});

test.each([
  ['store: file:.hone/store', 'store: s3://minio:hunter22@bucket/prefix', 'a password inside an address'],
  ['store: file:.hone/store', 'store: s3://bucket/prefix?secret_access_key=abcdef0123', 'a secret inside an address'],
  ['namespace: default', 'namespace: AKIAABCDEFGHIJKLMNOP', 'an AWS access key'],
])('a secret in a file is refused and not repeated: %s', async (from, to, what) => {
  const workspace = await testWorkspace();
  await workspace.edit('config/hone.yaml', from, to);
  const problems = await workspace.problems();
  expect(problems.map(({ message }) => message).join()).toContain(what);
  expect(JSON.stringify(problems)).not.toMatch(/hunter22|abcdef0123|AKIAABCD/);
});
