/** The part of a model's life in which canaries are held, cut short and taken back. */
import { commandRollout } from '../../src/client/decisions.ts';
import { cancelRun } from '../../src/client/runs.ts';
import { writeRollback } from '../../src/registry/rollback.ts';
import type { Life } from './actor.ts';

/** Paused and resumed; then too little traffic for a verdict, so that a person goes on with it. */
export async function rolloutsThatPeopleDecide({ town, actor }: Life): Promise<void> {
  const say = (run: string, command: string) => commandRollout(town.client, run, command, { by: 'ana' });
  await actor.play('promoted_after_a_pause', {
    ends: ['promoted'],
    async meanwhile(run) {
      await town.approve(run);
      await actor.inCanary(run);
      await say(run, 'pause');
      await actor.waits(run);
      await say(run, 'resume');
    },
  });
  await actor.play('promoted_without_traffic', {
    ends: ['promoted'],
    rules: (file) => {
      file.deploy['canary'] = { steps: [25, 100], bake: 'PT0.5S', min_requests: 1_000_000, max_wait: 'PT1S' };
    },
    async meanwhile(run) {
      await town.approve(run);
      await town.runUntil(
        run,
        'a person is asked',
        ({ rollout, waitingFor }) => rollout !== null && waitingFor !== null,
      );
      await say(run, 'promote');
    },
  });
}

/** By a guardrail, by a person, by a cancellation, and by an operator's rollback that goes first. */
export async function rolloutsThatGoBack({ town, actor, keep }: Life): Promise<void> {
  const { client, model } = town;
  const fault = (version: number, share: number) =>
    fetch(`${town.serving?.url}/v1/staged-faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, version, fault: 'nan', share }),
    });
  const slowCanary = (file: { deploy: Record<string, unknown> }) => {
    file.deploy['canary'] = { steps: [25, 100], bake: 'PT1M', min_requests: 20, max_wait: 'PT2M' };
  };
  const { nextVersion } = await town.ledger.state();
  await fault(nextVersion, 0.5);
  await actor.play('rolled_back_by_guardrail', { ends: ['rolled_back'], meanwhile: (run) => town.approve(run) });
  await fault(nextVersion, 0);

  const inCanaryThen = (act: (run: string) => Promise<unknown>) => async (run: string) => {
    await town.approve(run);
    await actor.inCanary(run);
    await act(run);
  };
  await actor.play('rolled_back_by_person', {
    ends: ['rolled_back'],
    rules: slowCanary,
    meanwhile: inCanaryThen((run) => commandRollout(client, run, 'abort', { by: 'ana', reason: 'complaints' })),
  });
  await actor.play('cancelled_in_canary', {
    ends: ['cancelled'],
    rules: slowCanary,
    meanwhile: inCanaryThen((run) => cancelRun(client, run)),
  });
  await actor.play('rolled_back_by_operator', {
    ends: ['superseded', 'cancelled'], // whichever the run meets first: the lost lock or its cancellation
    rules: slowCanary,
    meanwhile: inCanaryThen(async () => keep('rollback.fences_a_run', await actor.rollBack('in-canary'))),
  });
  await actor.play('superseded', {
    ends: ['superseded'],
    rules: slowCanary,
    // As `hone rollback` does when no worker answers: the ledger entry alone.
    meanwhile: inCanaryThen(async () => {
      const to = (await town.ledger.state()).aliases.champion?.version ?? 0;
      const by = { reason: 'complaints', by: 'dana', effectId: 'by-hand/rollback', asOf: '2013-02-07T00:00:00Z' };
      await writeRollback(town.store, model, { to, ...by });
    }),
  });
}
