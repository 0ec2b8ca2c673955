/** What Temporal tries just now for a run: activities under way or waiting to be tried again. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import type { HoneClient } from './connect.ts';
import { progressText } from './progress-text.ts';

export interface PendingWork {
  readonly activity: string;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly lastFailure: string | null;
  /** Stable code of that failure, such as `HONE_STORE_UNREACHABLE`; null where it has none. */
  readonly code: string | null;
  /** When the next try is, where it waits for one. */
  readonly nextTry: string | null;
  /** What it last said of its progress, such as `step 40 of 300`; null where it says nothing. */
  readonly progress: string | null;
}

/** Empty for a run that is over or unknown. @throws TemporalUnreachable */
export async function pendingWork(client: HoneClient, run: string): Promise<PendingWork[]> {
  const temporal = await client.temporal();
  try {
    const { raw } = await temporal.workflow.getHandle(run).describe();
    const pending = raw.pendingActivities ?? [];
    return await Promise.all(
      pending.map(async ({ activityType, attempt, lastFailure, scheduledTime, heartbeatDetails }) => ({
        activity: activityType?.name ?? 'unknown',
        attempt: attempt ?? 1,
        lastFailure: lastFailure?.message ?? null,
        code: codeOf(lastFailure?.applicationFailureInfo?.type),
        nextTry: scheduledTime?.seconds ? new Date(Number(scheduledTime.seconds) * 1000).toISOString() : null,
        progress: progressText(await decoded(temporal, heartbeatDetails?.payloads ?? [])),
      })),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}

/**
 * What an activity of a run last reported with its heartbeats; undefined where it is not under way, or has said nothing.
 *
 * @throws TemporalUnreachable
 */
export async function lastReported(client: HoneClient, run: string, activity: string): Promise<unknown> {
  const temporal = await client.temporal();
  try {
    const { raw } = await temporal.workflow.getHandle(run).describe();
    const found = raw.pendingActivities?.find(({ activityType }) => activityType?.name === activity);
    return await decoded(temporal, found?.heartbeatDetails?.payloads ?? []);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Errors that are not ours have the name of their class there. */
function codeOf(type: string | null | undefined): string | null {
  return type?.startsWith('HONE_') ? type : null;
}

/** The first of them, as it was given to `heartbeat`; undefined where nothing was, or it cannot be read here. */
async function decoded({ options }: Client, sealed: readonly Payload[]): Promise<unknown> {
  const { payloadCodecs, payloadConverter } = options.loadedDataConverter;
  try {
    let payloads = [...sealed];
    for (const codec of [...payloadCodecs].reverse()) payloads = await codec.decode(payloads);
    return payloads[0] && payloadConverter.fromPayload(payloads[0]);
  } catch {
    return undefined; // what is shown on the way may not fail the look
  }
}
