/** Temporal Schedules of the models: what the configuration asks for is created or changed, what it dropped is removed. */
import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import { scheduleEveryMs } from '../monitoring/clock.ts';
import { digestOf } from '../store/content.ts';
import type { HoneClient } from './connect.ts';

export interface ScheduleChange {
  readonly schedule: string;
  readonly change: 'created' | 'updated' | 'removed';
}

export const MANAGED = 'hone';
/** Records go by whole days. */
const RETENTION_EVERY_MS = durationMs('P1D');
const NOTIFY_EVERY_MS = durationMs('PT1M');
const RECONCILE_EVERY_MS = durationMs('PT1M');

export const scheduleIds = (model: string) => ({
  retraining: `schedule/${model}/retraining`,
  monitoring: `schedule/${model}/monitoring`,
  retention: `schedule/${model}/retention`,
  batch: `schedule/${model}/batch`,
});

export const reconcileScheduleId = (taskQueue: string) => `schedule/reconcile/${taskQueue}`;

/**
 * Makes Temporal's schedules those of the given models; with `dryRun` only says what would change.
 *
 * @param notify whether anybody is to be told of anything
 */
export async function applySchedules(
  client: HoneClient,
  models: readonly ModelConfig[],
  dryRun = false,
  notify = false,
): Promise<ScheduleChange[]> {
  const temporal = await client.temporal();
  const { taskQueue } = client;
  const wanted = models.flatMap((config) => schedulesOf(config, taskQueue));
  if (notify) wanted.push(notifySchedule(taskQueue));
  if (models.length > 0) wanted.push(reconcileSchedule(taskQueue));
  // By id, with the note that carries the digest. Installations that share a namespace leave each other's alone.
  const existing = new Map<string, string | undefined>();
  for await (const { memo, scheduleId, state } of temporal.schedule.list())
    if (memo?.['managedBy'] === MANAGED && memo['taskQueue'] === client.taskQueue) existing.set(scheduleId, state.note);

  const changes: ScheduleChange[] = [];
  for (const options of wanted) {
    const { scheduleId } = options;
    if (existing.has(scheduleId) && existing.get(scheduleId) === options.state?.note) continue;
    changes.push({ schedule: scheduleId, change: existing.has(scheduleId) ? 'updated' : 'created' });
    if (!dryRun) await upsert(temporal, options);
  }
  for (const scheduleId of existing.keys()) {
    if (wanted.some((options) => options.scheduleId === scheduleId)) continue;
    changes.push({ schedule: scheduleId, change: 'removed' });
    if (!dryRun) await remove(temporal, scheduleId);
  }
  return changes;
}

/** The reconciler may have been quicker. */
async function remove(temporal: Client, scheduleId: string): Promise<void> {
  try {
    await temporal.schedule.getHandle(scheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

async function upsert(temporal: Client, options: ScheduleOptions): Promise<void> {
  try {
    await temporal.schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { spec, action, policies } = options;
    await temporal.schedule.getHandle(options.scheduleId).update(
      (now) =>
        ({
          ...now,
          spec,
          action,
          policies,
          state: { ...now.state, ...options.state },
        }) as never,
    );
  }
}

/** What the configuration of a model asks for. */
export function schedulesOf(config: ModelConfig, taskQueue: string): ScheduleOptions[] {
  const { model } = config;
  const { schedule } = config.triggers;
  const ids = scheduleIds(model);
  const memo = { managedBy: MANAGED, model, taskQueue };
  // Every start asks the owner, which merges, queues or skips: overlapping starts are harmless, lost ones are not.
  const policies = { overlap: ScheduleOverlapPolicy.ALLOW_ALL, catchupWindow: durationMs(schedule.catch_up) };
  const schedules: ScheduleOptions[] = [
    {
      scheduleId: ids.retraining,
      spec: { cronExpressions: [schedule.cron], timezone: schedule.timezone },
      action: {
        type: 'startWorkflow',
        workflowType: 'requestRun',
        workflowId: `request-run/${model}`,
        taskQueue,
        args: [{ model, kind: 'schedule', reason: `schedule ${schedule.cron} ${schedule.timezone}` }],
        staticSummary: `schedule of ${model}`,
      },
      policies,
      state: {
        paused: !schedule.enabled,
        note: schedule.enabled ? 'from the model file' : 'disabled in the model file',
      },
      memo,
    },
    {
      scheduleId: ids.monitoring,
      spec: { intervals: [{ every: scheduleEveryMs(config.monitoring) }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'monitoring',
        workflowId: `monitoring/${model}`,
        taskQueue,
        args: [{ model, scheduled: true }],
        staticSummary: `look at ${model}`,
      },
      policies: { ...policies, overlap: ScheduleOverlapPolicy.SKIP },
      memo,
    },
    {
      scheduleId: ids.retention,
      spec: { intervals: [{ every: RETENTION_EVERY_MS }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'retention',
        workflowId: `retention/${model}`,
        taskQueue,
        args: [{ model }],
        staticSummary: `remove old records of ${model}`,
      },
      policies: { ...policies, overlap: ScheduleOverlapPolicy.SKIP },
      memo,
    },
  ];
  const { batch } = config.deploy;
  if (batch !== null) {
    schedules.push({
      scheduleId: ids.batch,
      spec: { cronExpressions: [batch.cron], timezone: batch.timezone },
      action: {
        type: 'startWorkflow',
        workflowType: 'batchScoring',
        workflowId: `batch/${model}`,
        taskQueue,
        args: [{ model }],
        staticSummary: `batch of ${model}`,
      },
      // A night that takes too long delays the next one, and neither is lost.
      policies: { ...policies, overlap: ScheduleOverlapPolicy.BUFFER_ONE },
      memo,
    });
  }
  return schedules.map(withDigest);
}

/** One for the installation. */
function notifySchedule(taskQueue: string): ScheduleOptions {
  return withDigest({
    scheduleId: `schedule/notify/${taskQueue}`,
    spec: { intervals: [{ every: NOTIFY_EVERY_MS }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'notify',
      workflowId: `notify/${taskQueue}`,
      taskQueue,
      args: [],
      staticSummary: 'tell people what happened',
    },
    // What one look misses the next one sees.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: NOTIFY_EVERY_MS },
    memo: { managedBy: MANAGED, taskQueue },
  });
}

/** One for the installation. */
function reconcileSchedule(taskQueue: string): ScheduleOptions {
  return withDigest({
    scheduleId: reconcileScheduleId(taskQueue),
    spec: { intervals: [{ every: RECONCILE_EVERY_MS }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'reconcile',
      workflowId: `reconcile/${taskQueue}`,
      taskQueue,
      args: [],
      staticSummary: 'put right what does not fit together',
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: RECONCILE_EVERY_MS },
    memo: { managedBy: MANAGED, taskQueue },
  });
}

/** The note says what was applied, so that the next look sees whether anything differs. */
function withDigest(options: ScheduleOptions): ScheduleOptions {
  const { memo: _, ...content } = options;
  const text = options.state?.note ?? 'from the model file';
  const digest = digestOf(JSON.parse(JSON.stringify(content))).slice(0, 12);
  return { ...options, state: { ...options.state, note: `${text} (${digest})` } };
}
