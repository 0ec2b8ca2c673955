/** Notices through Temporal: a real endpoint is told of a promotion once, by a look of the schedule. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { applySchedules } from '../../src/client/schedules.ts';
import { type BatchTown, batchTown } from './batch-town.ts';

const told: string[] = [];
const endpoint = createServer((request, response) => {
  request.on('data', (chunk: Buffer) => told.push(JSON.parse(chunk.toString()).text));
  request.on('end', () => response.end());
});
let town: BatchTown;
beforeAll(async () => {
  await new Promise<void>((done) => endpoint.listen(0, '127.0.0.1', done));
  process.env['HONE_TEST_CHAT'] = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`;
  const routes = {
    chat: { type: 'slack' as const, url_env: 'HONE_TEST_CHAT' },
    gone: { type: 'slack' as const, url_env: 'HONE_TEST_NOT_SET' },
  };
  town = await batchTown(inject('temporalAddress'), { notify: { routes } });
});
afterAll(async () => {
  await town.close();
  endpoint.close();
});

test('a promotion is told once, and a route that cannot be used keeps no other from working', async () => {
  const temporal = await town.client.temporal();
  const { taskQueue } = town.client;
  await applySchedules(town.client, [], false, true);
  const schedule = temporal.schedule.getHandle(`schedule/notify/${taskQueue}`);
  expect((await schedule.describe()).action).toMatchObject({ workflowType: 'notify' });
  await schedule.pause('the test looks by itself');
  const look = (id: string) =>
    temporal.workflow.execute('notify', { workflowId: `notify/${taskQueue}/${id}`, taskQueue, args: [] });
  expect(await look('first')).toMatchObject({ collected: 0, sent: 0 });
  await town.served.promote(1);
  expect(await look('second')).toEqual({ collected: 1, sent: 1, dead: 0, failing: ['gone'] });
  expect(await look('third')).toEqual({ collected: 0, sent: 0, dead: 0, failing: ['gone'] });
  expect(told).toEqual(['promoted: flights-delay: version 1 promoted (better) (test). promote']);
  await applySchedules(town.client, []);
  await expect(schedule.describe()).rejects.toThrow();
});
