import { expect, test } from 'vitest';
import { SettingUnusable } from '../../src/local/errors.ts';
import { queuesOf } from '../../src/worker.ts';

test('a worker takes both queues, or the one that it is told; another word is refused', () => {
  expect(queuesOf({})).toEqual(['main', 'training']);
  expect(queuesOf({ HONE_WORKER_QUEUE: 'training' })).toEqual(['training']);
  expect(() => queuesOf({ HONE_WORKER_QUEUE: '' })).toThrow(SettingUnusable);
  expect(() => queuesOf({ HONE_WORKER_QUEUE: 'gpu' })).toThrow('there are main and training');
});
