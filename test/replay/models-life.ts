/** One model's life with every turn that its workflows can take; each is kept as `<workflow>.<branch>`. */
import { decide, sayOn } from '../../src/client/decisions.ts';
import { ownerId } from '../../src/client/owner.ts';
import { probationId } from '../../src/client/probations.ts';
import { cancelRun } from '../../src/client/runs.ts';
import type { Town } from '../town.ts';
import { type Keep, type Life, openActor } from './actor.ts';
import { rolloutsThatGoBack, rolloutsThatPeopleDecide } from './rollouts.ts';
import { byThemselves, lostRun } from './without-people.ts';

export async function playModelsLife(town: Town, keep: Keep): Promise<void> {
  const life = { town, actor: await openActor(town, keep), keep };
  const traffic = town.traffic();
  try {
    await firstModel(life);
    await runsThatEndEarly(life);
    await judgedAgain(life);
    await rolloutsThatPeopleDecide(life);
    await rolloutsThatGoBack(life);
    await lostRun(life);
    await byThemselves(life);
  } finally {
    await traffic.stop();
  }
}

/** Two triggers at once, one while the run is active; wrong messages; an approval. Then the waiting one, rejected. */
async function firstModel({ town, actor, keep }: Life): Promise<void> {
  const { model, client } = town;
  const temporal = await client.temporal();
  const [answer] = await Promise.all([
    town.trigger({ reason: 'the first model' }),
    town.trigger({ kind: 'event', reason: 'a new airport', by: 'lee' }),
  ]);
  const owner = await temporal.workflow.getHandle(ownerId(model)).describe();
  const run = answer.run ?? `${model}-000001`;
  await actor.follow('promoted', run, {
    ends: ['promoted'],
    async meanwhile() {
      await town.trigger({ kind: 'event', reason: 'asked while a run is active', by: 'lee' });
      const handle = temporal.workflow.getHandle(run);
      await handle.signal('aprove', { by: 'ana' });
      await actor.waits(run);
      await handle.signal('approve');
      await handle.signal('approve', { packet: '00000000', by: 'ana' });
      await sayOn(client, run, { by: 'dana', comment: 'looking at it' });
      await town.approve(run);
    },
  });
  const second = `${model}-000002`;
  await actor.follow('rejected_by_person', second, {
    ends: ['rejected_by_person'],
    async meanwhile() {
      const { packet } = await actor.waits(second);
      await decide(client, second, 'reject', { packet: packet ?? '', by: 'ana', comment: 'not this week' });
    },
  });
  await keep('model.merged_queued_continued', ownerId(model), owner.runId);
}

async function runsThatEndEarly({ town, actor }: Life): Promise<void> {
  await actor.play('refused_by_validation', {
    ends: ['refused_by_validation'],
    rules: (file) => {
      file.data['rules'] = [{ column: 'distance_miles', between: [0, 1], severity: 'reject' }];
    },
  });
  await actor.play('rejected_by_gate', {
    ends: ['rejected_by_gate'],
    rules: (file) => {
      file.gate['floors'] = { roc_auc: 0.99 };
    },
  });
  await actor.play('failed', {
    ends: ['failed'],
    rules: (file) => {
      file.training['params'] = { num_leaves: 1 };
    },
  });
  await actor.play('expired', {
    ends: ['expired'],
    rules: (file) => {
      file.approval['otherwise'] = { ...(file.approval['otherwise'] as object), deadline: 'PT1S' };
    },
  });
  await actor.play('cancelled', {
    ends: ['cancelled'],
    async meanwhile(run) {
      await actor.waits(run);
      await cancelRun(town.client, run);
    },
  });
}

/** Too few rows; the clock moves; enough. And once where it stays too few. */
async function judgedAgain({ town, actor, keep }: Life): Promise<void> {
  const { client, model } = town;
  const first = (await town.ledger.state()).aliases.champion?.version ?? 0;
  await actor.play('inconclusive_then_judged', {
    ends: ['promoted'],
    rules: (file) => {
      file.gate['uncertainty'] = { ...(file.gate['uncertainty'] as object), min_rows: 7500 };
    },
    async meanwhile(run) {
      const { waitingFor } = await actor.waits(run);
      await town.setTime(/labels until (\S+)/.exec(waitingFor ?? '')?.[1] ?? '');
      await town.approve(run);
    },
  });
  await town.setTime('2013-02-06T00:00:00Z');
  await (await client.temporal()).workflow.getHandle(probationId(model, first)).result();
  await keep('probation.superseded', probationId(model, first));
  await actor.play('inconclusive', {
    ends: ['inconclusive'],
    rules: (file) => {
      file.gate['uncertainty'] = { ...(file.gate['uncertainty'] as object), min_rows: 1_000_000 };
      file.gate['on_inconclusive'] = { wait_for_labels: 'P1D', then: 'keep_champion' };
    },
    async meanwhile(run) {
      await actor.waits(run);
      await town.setTime('2013-02-07T00:00:00Z');
    },
  });
}
