/** A second run of a real town: what an approver is shown about a candidate that would replace a champion. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packetOfRun } from '../../src/gate/read-packet.ts';
import { sections } from '../../src/gate/sections.ts';
import { smallTown, type Town } from '../town.ts';

let town: Town;
beforeAll(async () => {
  town = await smallTown({
    edit: (file) => {
      const gate = file['gate'] as Record<string, unknown>;
      // Two weeks of winter tell little apart: here it is about what is shown, not about the verdict.
      gate['champion'] = { promote_when: 'non_inferior', margin: { roc_auc: 0.2, log_loss: '50%' } };
      gate['slices'] = { columns: ['origin'], critical: [], margin: { roc_auc: 0.2 } };
      gate['metrics'] = {
        mean_score: { sql: 'SELECT avg(score) FROM predictions WHERE distance_miles > 0', better: 'lower' },
      };
    },
  });
});
afterAll(() => town.close());

test('its packet has calibration, rows decided otherwise, sizes, metrics of its own and the last requests', async () => {
  const { run: first } = await town.trigger({});
  await town.runUntil(first as string, 'an approval is waited for', ({ waitingFor }) => waitingFor !== null);
  const sending = town.traffic();
  await town.approve(first as string);
  expect(await town.end(first as string)).toMatchObject({ outcome: 'promoted' });
  await sending.stop();

  // Clean rows are those after the champion's refit, which saw everything up to 24 January.
  await town.setTime('2013-02-02T00:00:00Z');
  const { run: second } = await town.trigger({});
  await town.runUntil(second as string, 'a packet waits', ({ packet }) => packet !== null);
  const { evaluation, gate, ...packet } = (await packetOfRun(town.store, town.model, second as string))!;
  expect(evaluation.blocks.count).toBe(7);
  expect(evaluation.footprint!.champion!.bytes).toBeGreaterThan(10_000);
  expect(Object.keys(evaluation.footprint!.candidate.importance!)).toContain('dep_hour');
  expect(evaluation.flip_examples!.length).toBeGreaterThan(0);
  // A plane's tail number is hashed in the log and no feature; nothing of it may be here.
  expect(JSON.stringify(evaluation.flip_examples)).not.toMatch(/"N\d/);
  expect(evaluation.custom![0]!.improvement!.lower).not.toBeNull();
  expect(evaluation.replay).toMatchObject({ failed: 0, reason: null });
  expect(gate.rules.find(({ rule }) => rule === 'replay/answers')).toMatchObject({ outcome: 'pass' });
  const titles = sections({ ...packet, evaluation, gate }).map(({ title }) => title);
  expect(titles).toEqual(expect.arrayContaining(['Calibration', 'Behaviour', 'Slices']));
}, 600_000);
