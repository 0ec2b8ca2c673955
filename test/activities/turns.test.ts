import { expect, test } from 'vitest';
import { Turns } from '../../src/activities/turns.ts';

test('so many pieces of work are under way at once, in the order of asking, and a failure frees its place', async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const works = [0, 1, 2, 3].map((nth) =>
    turns.take(async () => {
      begun.push(nth);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (nth === 0) throw new Error('failed');
    }),
  );
  await expect.poll(() => begun).toEqual([0, 1]);
  ends[0]?.();
  await expect(works[0]).rejects.toThrow('failed');
  await expect.poll(() => begun).toEqual([0, 1, 2]);
  ends[1]?.();
  await expect.poll(() => begun).toEqual([0, 1, 2, 3]);
  for (const end of ends) end();
  await Promise.all(works.slice(1));
});

test('who is cancelled while it waits leaves the queue at once, and takes nobody’s turn', async () => {
  const turns = new Turns(1);
  let end = () => {};
  const first = turns.take(() => new Promise<void>((resolve) => (end = resolve)));
  const stop = new AbortController();
  const cancelled = turns.take(async () => 'never', stop.signal);
  const last = turns.take(async () => 'done');
  stop.abort(new Error('cancelled'));
  await expect(cancelled).rejects.toThrow('cancelled');
  end();
  await first;
  expect(await last).toBe('done');
  await expect(turns.take(async () => 'never', stop.signal)).rejects.toThrow('cancelled');
  expect(await turns.take(async () => 'free')).toBe('free');
});
