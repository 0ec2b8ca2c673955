/** When each activity of a run was scheduled, started and done, by the server's clock, from the run's history. */
import type { WorkflowHandle } from '@temporalio/client';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

export interface ActivityTimes {
  readonly name: string;
  readonly attempt: number;
  /** Milliseconds since the epoch; `started` is that of the last attempt. */
  readonly scheduled: number;
  readonly started: number;
  readonly ended: number;
}

/** Finished ones, in the order in which they were scheduled. */
export function activitiesOf({ events }: History): ActivityTimes[] {
  const found = new Map<string, { name: string; scheduled: number; started: number; ended: number; attempt: number }>();
  for (const event of events ?? []) {
    const at = Number(event.eventTime?.seconds ?? 0) * 1000 + (event.eventTime?.nanos ?? 0) / 1e6;
    const { activityTaskScheduledEventAttributes: scheduled, activityTaskStartedEventAttributes: started } = event;
    const completed = event.activityTaskCompletedEventAttributes;
    if (scheduled) {
      const name = scheduled.activityType?.name ?? '';
      found.set(String(event.eventId), { name, scheduled: at, started: at, ended: Number.NaN, attempt: 0 });
    }
    const begun = found.get(String(started?.scheduledEventId));
    if (begun && started) Object.assign(begun, { started: at, attempt: started.attempt ?? 1 });
    const done = found.get(String(completed?.scheduledEventId));
    if (done && completed) done.ended = at;
  }
  return [...found.values()].filter(({ ended }) => !Number.isNaN(ended));
}
