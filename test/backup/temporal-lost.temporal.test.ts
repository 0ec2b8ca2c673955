/** Store and Temporal's memory are both lost: what a restore does not bring back is made by `hone config apply` and by the owner. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import * as changes from '../../src/registry/changes.ts';
import { hone } from '../cli/story.ts';
import { smallTown } from '../town.ts';

test('after a restore, config apply makes the schedules, and a fresh owner gives back the lock of the lost run', async () => {
  const town = await smallTown({ worker: false, serving: false });
  const schedules = ['retraining', 'monitoring', 'retention'].map((name) => `schedule/${town.model}/${name}`);
  onTestFinished(async () => {
    const temporal = await town.client.temporal();
    for (const id of schedules) await temporal.schedule.getHandle(id).delete();
    await town.close();
  });
  const place = join(town.dir, 'backups');
  const lost = changes.runId(town.model, 1);
  const { config } = await town.ledger.state();
  const as_of = '2013-01-24T00:00:00.000Z';
  const step = changes.startRun({ run: lost, trigger: 'manual', config: config ?? '', as_of, now: as_of });
  await town.ledger.append({ effectId: `${lost}/start`, as_of, actor: 'kim', trust: 'system', why: 'a test', step });

  expect(await hone(town.dir, ['backup', '--to', place])).toMatchObject({ code: 0, err: '' });
  await rm(join(town.dir, 'store'), { recursive: true });
  const restored = await hone(town.dir, ['restore', '--from', place]);
  expect(restored).toMatchObject({ code: 0, out: expect.stringContaining('keeps its lock') });

  const applied = JSON.parse((await hone(town.dir, ['config', 'apply', '--json'])).out);
  const made = applied.schedules.filter(({ schedule }: { schedule: string }) => schedules.includes(schedule));
  expect(made.map(({ change }: { change: string }) => change)).toEqual(['created', 'created', 'created']);

  await town.restartWorker();
  expect(await town.trigger({})).toMatchObject({ answer: 'started', run: changes.runId(town.model, 2) });
  const told: string[] = [];
  for await (const { change } of town.ledger.entries()) if ('run' in change) told.push(`${change.kind} ${change.run}`);
  expect(told.slice(0, 3)).toEqual([
    `run_started ${lost}`,
    `lock_released ${lost}`,
    `run_started ${changes.runId(town.model, 2)}`,
  ]);
  expect(await hone(town.dir, ['ledger', 'verify'])).toMatchObject({ code: 0 });
});
