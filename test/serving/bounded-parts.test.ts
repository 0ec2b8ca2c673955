import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Coalescer } from '../../src/serving/coalesce.ts';
import { disagreement, Evidence } from '../../src/serving/evidence.ts';
import { LeaseWatch, renewLease } from '../../src/serving/lease.ts';
import { RepeatMemory } from '../../src/serving/repeat-memory.ts';
import { StagedFaults } from '../../src/serving/staged-faults.ts';
import { openStore } from '../../src/store/open-store.ts';

test('a lease lapses when it did not change for its time on the own clock, whatever times it was written at', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hone-lease-'));
  const store = openStore(`file:${dir}`);
  const clock = { now: 0 };
  const watch = new LeaseWatch(store, () => clock.now);
  const look = () => watch.look(['models/m/leases/a.json']);
  await look();
  expect(watch.alive('models/m/leases/a.json'), 'never seen').toBe(false);

  await renewLease(store, 'models/m/leases/a.json', 1000);
  await look();
  clock.now = 1000;
  await look();
  expect(watch.alive('models/m/leases/a.json')).toBe(true);
  clock.now = 1001;
  await look();
  expect(watch.alive('models/m/leases/a.json'), 'reading it again renews nothing').toBe(false);

  await renewLease(store, 'models/m/leases/a.json', 1000);
  await look();
  expect(watch.alive('models/m/leases/a.json')).toBe(true);
  await rm(dir, { recursive: true });
});

test('what arrives together or during a call goes into one call, up to the limit, and one failure fails one batch', async () => {
  const batches: number[][] = [];
  const queue = new Coalescer<number, number>(
    async (items) => {
      batches.push([...items]);
      await new Promise((resolve) => setImmediate(resolve));
      if (items.includes(13)) throw new Error('thirteen');
      return items.map((item) => item * 2);
    },
    { weigh: () => 1, limit: 3, alone: (item) => item === 13 },
  );
  const results = await Promise.allSettled([1, 2, 3, 4, 5, 13, 6].map((item) => queue.submit(item)));
  expect(batches).toEqual([[1, 2, 3], [4, 5], [13], [6]]);
  expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed'))).toEqual([
    2,
    4,
    6,
    8,
    10,
    'failed',
    12,
  ]);
});

test('the memory of answers forgets by number, by time, and what failed', async () => {
  const clock = { now: 0 };
  const memory = new RepeatMemory<string>({ ids: 2, ms: 100 }, () => clock.now);
  memory.keep('a', 'x', Promise.resolve('A'));
  expect(await memory.recall('a', 'x')).toBe('A');
  expect(memory.recall('a', 'y')).toBe('other');
  memory.keep('b', 'x', Promise.reject(new Error('no')));
  await new Promise((resolve) => setImmediate(resolve));
  expect(memory.recall('b', 'x')).toBeUndefined();
  memory.keep('c', 'x', Promise.resolve('C'));
  memory.keep('d', 'x', Promise.resolve('D'));
  expect(memory.recall('a', 'x')).toBeUndefined();
  clock.now = 101;
  expect(memory.recall('d', 'x')).toBeUndefined();
});

test('evidence counts rows, distinct entities and calls by time', () => {
  const evidence = new Evidence();
  evidence.asked(['a', 'b', 'a']);
  evidence.failed('nan', ['a']);
  evidence.failed('timeout', ['a', 'b']);
  evidence.fellBack(3);
  evidence.took(0.3);
  evidence.took(1e6);
  evidence.checked(10, 1e-9);
  evidence.checked(10, 1e-7);
  const seen = evidence.snapshot();
  expect(seen).toMatchObject({
    requests: 3,
    entities: 2,
    entities_failed: 2,
    nan: 1,
    errors: 2,
    timeouts: 1,
    fallbacks: 3,
  });
  expect(seen).toMatchObject({ max_disagreement: 1e-7, rows_checked: 20 });
  evidence.routingChanged();
  evidence.asked(['a', 'c']);
  const later = evidence.snapshot();
  expect(later, 'both arms of a step count everybody anew').toMatchObject({ entities: 4, entities_failed: 2 });
  expect(seen.latency[1]).toBe(1);
  expect(seen.latency.at(-1)).toBe(1);
});

test('disagreement is relative above 1 and absolute below, and one missing number is infinitely wrong', () => {
  expect(disagreement([0.5], [0.5 + 1e-7])).toBeCloseTo(1e-7, 12);
  expect(disagreement([100.001], [100])).toBeCloseTo(1e-5, 9);
  expect(disagreement([Number.NaN], [Number.NaN])).toBe(0);
  expect(disagreement([0.1, Number.NaN], [0.1, 0.2])).toBe(Number.POSITIVE_INFINITY);
  expect(disagreement([0.1], [])).toBe(Number.POSITIVE_INFINITY);
});

test('a staged fault hits its share, a NaN each row by itself, and share 0 takes it away', () => {
  const draws = [0.1, 0.9, 0.4, 0.6];
  const faults = new StagedFaults(() => draws.shift() ?? 0);
  faults.set('m', 2, 'nan', 0.5);
  expect(faults.draw('m', 2, 4)).toEqual({ fault: 'nan', rows: [true, false, true, false] });
  expect(faults.draw('m', 1, 4)).toBeUndefined();
  faults.set('m', 2, 'slow', 1);
  expect(faults.draw('m', 2, 2)).toEqual({ fault: 'slow', rows: [true, true] });
  faults.set('m', 2, 'slow', 0);
  expect(faults.draw('m', 2, 2)).toBeUndefined();
});
