/** What Temporal tries just now for a run: activities under way or waiting to be tried again. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { HoneClient } from './connect.ts';

export interface PendingWork {
  readonly activity: string;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly lastFailure: string | null;
  /** When the next try is, where it waits for one. */
  readonly nextTry: string | null;
}

/** Empty for a run that is over or unknown. @throws TemporalUnreachable */
export async function pendingWork(client: HoneClient, run: string): Promise<PendingWork[]> {
  const temporal = await client.temporal();
  try {
    const { raw } = await temporal.workflow.getHandle(run).describe();
    return (raw.pendingActivities ?? []).map(({ activityType, attempt, lastFailure, scheduledTime }) => ({
      activity: activityType?.name ?? 'unknown',
      attempt: attempt ?? 1,
      lastFailure: lastFailure?.message ?? null,
      nextTry: scheduledTime?.seconds ? new Date(Number(scheduledTime.seconds) * 1000).toISOString() : null,
    }));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}
