/** A model whose candidates score live requests before they answer any: one goes on, one is paused and taken back. */
import { commandRollout } from '../../src/client/decisions.ts';
import type { Town } from '../town.ts';
import { type Keep, openActor } from './actor.ts';

export async function playShadows(town: Town, keep: Keep): Promise<void> {
  const actor = await openActor(town, keep);
  const { run: first } = await town.trigger({ reason: 'the first, which has no shadow' });
  await town.approve(first ?? '');
  await town.end(first ?? '');

  const rules = (file: { deploy: Record<string, unknown> }) => {
    file.deploy['shadow'] = { bake: 'PT0.5S', min_requests: 20, max_wait: 'PT3S' };
  };
  const traffic = town.traffic();
  await actor.play('promoted_after_a_shadow', { ends: ['promoted'], rules, meanwhile: (run) => town.approve(run) });
  await traffic.stop();

  const say = (run: string, command: string) => commandRollout(town.client, run, command, { by: 'ana' });
  await actor.play('rolled_back_in_a_shadow', {
    ends: ['rolled_back'],
    rules,
    async meanwhile(run) {
      await town.approve(run);
      await town.runUntil(
        run,
        'a person is asked',
        ({ rollout, waitingFor }) => rollout !== null && waitingFor !== null,
      );
      await say(run, 'pause');
      await town.runUntil(run, 'it is paused', ({ rollout }) => rollout?.paused === true);
      await say(run, 'abort');
    },
  });
}
