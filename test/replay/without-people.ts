/** The part of a model's life that needs nobody: policies, ticks, schedules, probations, owners that look after runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ownerId } from '../../src/client/owner.ts';
import { probationId } from '../../src/client/probations.ts';
import { cancelRun } from '../../src/client/runs.ts';
import { scheduleIds } from '../../src/client/schedules.ts';
import { lookNow } from '../../src/client/ticks.ts';
import { skipTime } from '../time.ts';
import { exampleRow, type Town } from '../town.ts';
import type { Life } from './actor.ts';

/** Without a person: approved by policy, ticks, a schedule, the end of a probation; at last a plain rollback. */
export async function byThemselves({ town, actor, keep }: Life): Promise<void> {
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
export async function lostRun({ town, actor, keep }: Life): Promise<void> {
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
