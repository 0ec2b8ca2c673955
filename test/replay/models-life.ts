/** One model's life with every turn that its workflows can take; each is kept as `<workflow>.<branch>`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { commandRollout, decide, sayOn } from '../../src/client/decisions.ts';
import { ownerId } from '../../src/client/owner.ts';
import { probationId } from '../../src/client/probations.ts';
import { cancelRun } from '../../src/client/runs.ts';
import { scheduleIds } from '../../src/client/schedules.ts';
import { lookNow } from '../../src/client/ticks.ts';
import { writeRollback } from '../../src/registry/rollback.ts';
import { skipTime } from '../time.ts';
import { exampleRow, type Town } from '../town.ts';
import { type Actor, type Keep, openActor } from './actor.ts';

interface Life {
  readonly town: Town;
  readonly actor: Actor;
  readonly keep: Keep;
}

export async function playModelsLife(town: Town, keep: Keep): Promise<void> {
  const life = { town, actor: await openActor(town, keep), keep };
  const traffic = town.traffic();
  try {
    await firstModel(life);
    await runsThatEndEarly(life);
    await judgedAgain(life);
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

/** Too few rows; the clock moves; enough. With every message of a rollout. And once where it stays too few. */
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
      await actor.inCanary(run);
      await commandRollout(client, run, 'pause', { by: 'ana' });
      await town.runUntil(run, 'it is paused', (status) => status.waitingFor !== null);
      await commandRollout(client, run, 'resume', { by: 'ana' });
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

/** By a guardrail, by a person, by a cancellation, and by an operator's rollback that goes first. */
async function rolloutsThatGoBack({ town, actor, keep }: Life): Promise<void> {
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

/** Without a person: approved by policy, ticks, a schedule, the end of a probation; at last a plain rollback. */
async function byThemselves({ town, actor, keep }: Life): Promise<void> {
  const { client, model } = town;
  const temporal = await client.temporal();
  await actor.rules((file) => {
    file.triggers['limits'] = { cool_down: 'P7D', per_week: 1, min_new_labels: 1 };
  });
  const schedule = temporal.schedule.getHandle(scheduleIds(model).retraining);
  await schedule.trigger();
  let fired: string | undefined;
  while (!fired) {
    await sleep(100);
    fired = (await schedule.describe()).info.recentActions.at(-1)?.action.workflow.workflowId;
  }
  await temporal.workflow.getHandle(fired).result();
  await keep('requestRun.skipped', fired);

  await promotedByPolicy({ town, actor, keep });
  const version = (await town.ledger.state()).aliases.champion?.version ?? 0;
  await lookNow(client, model, 'quiet');
  await keep('monitoring.quiet', `monitoring/${model}/quiet`);
  const looking = await temporal.workflow.getHandle(probationId(model, version)).describe();
  await logSomePredictions(town, '2013-04-02T15:00:00Z');
  await town.setTime('2013-04-09T00:00:00Z');
  await actor.rules((file) => {
    file.triggers['age'] = { older_than: 'P7D' };
    file.triggers['limits'] = { cool_down: 'P30D', per_week: 1, min_new_labels: 1 };
  });
  const look = await lookNow(client, model, 'aged');
  if (look.triggered.length === 0) throw new Error(`a tick asked for nothing: ${look.sentence}`);
  await keep('monitoring.triggered', `monitoring/${model}/aged`);
  await temporal.workflow.getHandle(probationId(model, version)).result();
  await keep('probation.continued', probationId(model, version), looking.runId);
  await keep('probation.ended', probationId(model, version));
  await keep('rollback.plain', await actor.rollBack('drill'));
}

async function logSomePredictions({ serving, model }: Town, at: string): Promise<void> {
  const rows = Array.from({ length: 20 }, (_, id) => ({ ...exampleRow, event_ts: at, flight_id: 900_000 + id }));
  await fetch(`${serving?.url}/v1/models/${model}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ rows: rows.map((row) => ({ ...row, tail_number: 'N1' })) }),
  });
  await fetch(`${serving?.url}/v1/flush`, { method: 'POST' });
}

/** Approved by policy is only what passes without a caution: the champion must be of the same, sound recipe. */
async function promotedByPolicy({ town, actor }: Life): Promise<void> {
  const sound = (file: { training: Record<string, unknown> }) => {
    Object.assign(file.training, { split: { validation: 'P7D', holdout: 'P7D', gap: 'PT24H' } });
    file.training['params'] = { n_estimators: 60, learning_rate: 0.05, num_leaves: 15 };
  };
  await town.setTime('2013-03-20T00:00:00Z');
  await actor.play('promoted_as_refit', {
    ends: ['promoted'],
    rules: (file) => {
      sound(file);
      file.training['refit'] = 'full';
    },
    meanwhile: (run) => town.approve(run),
  });
  await town.setTime('2013-03-30T00:00:00Z');
  await actor.play('promoted_by_policy', {
    ends: ['promoted'],
    trigger: { kind: 'performance', by: 'monitoring' },
    rules: (file) => {
      sound(file);
      file.approval['auto'] = { triggers: ['performance'], warnings: 'none' };
    },
  });
}

/** A run is terminated: its owner looks after a while and releases the lock. Then the owner itself is terminated. */
async function lostRun({ town, actor, keep }: Life): Promise<void> {
  const temporal = await town.client.temporal();
  const owner = temporal.workflow.getHandle(ownerId(town.model));
  let looking: string | undefined;
  await actor.play('terminated', {
    ends: ['terminated'],
    async meanwhile(run) {
      await actor.waits(run);
      looking = (await owner.describe()).runId;
      await temporal.workflow.getHandle(run).terminate('to be found by its owner');
      await skipTime(town, ownerId(town.model), 'PT16M');
      while ((await town.ledger.state()).activeRun !== null) await sleep(100);
    },
  });
  await keep('model.released_a_lost_run', ownerId(town.model), looking);
  await owner.terminate('to be started afresh');
  await actor.play('cancelled_in_training', {
    ends: ['cancelled'],
    async meanwhile(run) {
      await town.runUntil(run, 'it trains', (status) => status.stage === 'train');
      await town.trigger({ reason: 'kept waiting' });
      await owner.terminate('to be started afresh while a run is active');
      await town.trigger({ kind: 'event', reason: 'a second one kept waiting' });
      await keep('model.fresh_beside_a_run', ownerId(town.model));
      await cancelRun(town.client, run);
    },
  });
  // The one that waited starts by itself.
  let active = null;
  while (!active) {
    await sleep(100);
    active = (await town.ledger.state()).activeRun;
  }
  await actor.follow('cancelled_early', active.run, {
    ends: ['cancelled'],
    async meanwhile(run) {
      await town.runUntil(run, 'it has begun', () => true);
      await cancelRun(town.client, run);
    },
  });
}
