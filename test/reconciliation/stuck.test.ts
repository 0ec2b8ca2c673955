/** What counts as stuck, and what does not. */
import { expect, test } from 'vitest';
import { stuckOf, type WorkflowFacts } from '../../src/reconciliation/stuck.ts';

const now = '2026-11-22T12:00:00.000Z';
const before = (seconds: number) => new Date(Date.parse(now) - seconds * 1000).toISOString();
const facts: WorkflowFacts = {
  ...{ workflow: 'flights-delay-000042', type: 'retraining', paused: false, task: null, reported: [], activities: [] },
};
const step = { id: '7', type: 'ingest', attempt: 1, paused: false, started: true, last_failure: null };
const activity = (changes: object) => ({ activities: [{ ...step, scheduled_at: before(5), ...changes }] });

test.each([
  ['a run that waits for a person', {}, null],
  ['a turn that was just handed out', { task: { attempt: 1, started: false, scheduled_at: before(2) } }, null],
  ['a turn that failed once', { task: { attempt: 2, started: true, scheduled_at: before(2) } }, null],
  ['a turn that fails each time', { task: { attempt: 3, started: true, scheduled_at: before(2) } }, 'task_fails'],
  ['what the server reports', { reported: ['category=WorkflowTaskFailed'] }, 'task_fails'],
  ['a turn that nobody takes', { task: { attempt: 1, started: false, scheduled_at: before(90) } }, 'not_taken'],
  ['a step that works for hours', activity({ scheduled_at: before(9000) }), null],
  ['a step that nobody takes', activity({ started: false, scheduled_at: before(90) }), 'not_taken'],
  ['a step at its fourth try', activity({ attempt: 4, last_failure: 'locked' }), null],
  ['a step at its fifth try', activity({ attempt: 5, last_failure: 'locked' }), 'activity_fails'],
  ['a step that was paused', activity({ paused: true }), 'activity_paused'],
  ['a workflow that was paused', { paused: true, ...activity({ attempt: 9, last_failure: 'x' }) }, 'workflow_paused'],
] as const)('%s', (_name, changes, why) => {
  expect(stuckOf({ ...facts, ...changes }, now)?.why ?? null).toBe(why);
});

test('each names the command that frees it', () => {
  expect(stuckOf({ ...facts, paused: true }, now)?.command).toBe('hone run unstick flights-delay-000042');
  const owner = { ...facts, workflow: 'model/flights-delay', type: 'model', paused: true };
  expect(stuckOf(owner, now)?.command).toBe("hone run unstick 'model/flights-delay'");
});
