/** Who waits for an answer calls again: at the shares of the deadline that the policy names, each once. */
import { expect, test } from 'vitest';
import { dueCalls } from '../../src/notifications/approval-calls.ts';
import type { WaitingRun } from '../../src/notifications/happenings.ts';

const packet = 'a1b2c3d4'.padEnd(64, '0');
const run: WaitingRun = {
  ...{ model: 'churn', run: 'churn-000007', packet, sentence: 'Replace?', deadline: '2026-02-03T00:00:00.000Z' },
  policy: { deadline: 'P2D', remind: [0.5, 0.9], escalate: { after: 'PT30H', to: ['heads'] }, on_expiry: 'reject' },
};
const told = new Set<string>();
const at = (now: string, over: ReadonlySet<string> = told, of = run) =>
  dueCalls(of, { told: over, asOf: '2026-02-01T00:00:00.000Z', now });
const types = ({ happenings }: ReturnType<typeof at>) => happenings.map(({ type }) => type);

test('a reminder at half of the time, the escalation after its own, each once', () => {
  expect(types(at('2026-02-01T23:59:00.000Z'))).toEqual([]);
  const half = at('2026-02-02T00:00:00.000Z');
  expect(half.happenings).toMatchObject([
    { type: 'approval.reminder', severity: 'warn', thread: 'churn-000007', model: 'churn', run: 'churn-000007' },
  ]);
  expect(half.happenings[0]?.sentence).toBe(
    'churn-000007 still waits for a person (packet a1b2c3d4): 50 % of the time to decide is over. Decide by 2026-02-03T00:00Z, then: reject.',
  );
  expect(types(at('2026-02-02T01:00:00.000Z', new Set(half.over)))).toEqual([]);
  const later = at('2026-02-02T06:00:00.000Z', new Set(half.over));
  expect(types(later)).toEqual(['approval.escalated']);
  expect(later.happenings[0]?.sentence).toContain('nobody has decided within PT30H; from now on heads may decide too');
});

test('whoever looks late tells the last reminder only, and the earlier one is over', () => {
  const late = at('2026-02-02T23:00:00.000Z');
  expect(types(late)).toEqual(['approval.escalated', 'approval.reminder']);
  expect(late.happenings.at(-1)?.sentence).toContain('90 %');
  expect(late.over).toHaveLength(3);
  expect(types(at('2026-02-02T23:30:00.000Z', new Set(late.over)))).toEqual([]);
});

test('a new packet begins anew; without policy or deadline nobody is called', () => {
  const over = new Set(at('2026-02-02T23:00:00.000Z').over);
  const next = { ...run, packet: 'f'.repeat(64) };
  expect(types(at('2026-02-02T00:00:00.000Z', over, next))).toEqual(['approval.reminder']);
  const { policy: _, ...bare } = run;
  expect(types(at('2026-02-02T23:00:00.000Z', told, bare))).toEqual([]);
  expect(types(at('2026-02-02T23:00:00.000Z', told, { ...run, deadline: null }))).toEqual([]);
});
