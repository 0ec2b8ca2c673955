/** Runs that choose among listed configurations: one of them fails, all of them fail, and one is cancelled between them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { decide } from '../../src/client/decisions.ts';
import { cancelRun } from '../../src/client/runs.ts';
import type { Town } from '../town.ts';
import { type Keep, openActor } from './actor.ts';

export async function playSearches(town: Town, keep: Keep): Promise<void> {
  const actor = await openActor(town, keep);
  const trials =
    (...params: object[]) =>
    (file: { training: Record<string, unknown> }) => {
      file.training['search'] = { at_once: 2, configurations: params.map((one) => ({ params: one })) };
    };
  await actor.play('chosen_among_trials', {
    ends: ['rejected_by_person'],
    rules: trials({ num_leaves: 2 }, { num_leaves: 1 }, { num_leaves: 15 }),
    async meanwhile(run) {
      const { packet } = await actor.waits(run);
      await decide(town.client, run, 'reject', { packet: packet ?? '', by: 'ana', comment: 'recorded' });
    },
  });
  await actor.play('no_trial_left', {
    ends: ['failed'],
    rules: trials({ num_leaves: 1 }, { num_leaves: 1, max_depth: 3 }),
  });
  await actor.play('cancelled_between_trials', {
    ends: ['cancelled'],
    rules: trials({ n_estimators: 5000 }, { n_estimators: 5001 }, { n_estimators: 5002 }),
    async meanwhile(run) {
      await town.runUntil(run, 'training', ({ stage }) => stage === 'train');
      await sleep(1500); // both trials are scheduled a moment after the stage is shown
      await cancelRun(town.client, run);
    },
  });
}
