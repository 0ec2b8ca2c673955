/** What the stages of a run answered, from its history: in the store after its end, else in Temporal. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Trained } from '../activities/train.ts';
import type { Checked } from '../activities/validate.ts';
import type { SnapshotRef } from '../data/contract.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { RunOrder } from '../workflows/contract.ts';
import type { HoneClient } from './connect.ts';
import { modelOfRun } from './run-id.ts';

/** gRPC's code: a history is fetched past the client that would name the error. */
const NOT_FOUND = 5;

export interface RunResults {
  readonly order: RunOrder;
  readonly raw?: SnapshotRef;
  readonly checks?: Checked;
  readonly features?: SnapshotRef;
  readonly trained?: Trained;
}

/** Null where nobody has its history any more. @throws RunUnknown, TemporalUnreachable */
export async function runResults(client: HoneClient, store: ObjectStore, run: string): Promise<RunResults | null> {
  const events = await historyOf(client, store, run);
  const started = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  if (!events || !started) return null;
  const types = new Map<string, string>();
  const results = new Map<string, unknown>();
  for (const { eventId, activityTaskScheduledEventAttributes, activityTaskCompletedEventAttributes } of events) {
    const type = activityTaskScheduledEventAttributes?.activityType?.name;
    if (type) types.set(String(eventId), type);
    const of = types.get(String(activityTaskCompletedEventAttributes?.scheduledEventId));
    const payload = activityTaskCompletedEventAttributes?.result?.payloads?.[0];
    // The first of its kind is the stage's own: later ones are looks and refits.
    if (of && payload && !results.has(of)) results.set(of, decoded(payload));
  }
  const order = decoded(started) as RunOrder;
  // A run that was itself begun at a stage has the ones before it from its order.
  const { raw, checks, features, trained } = order.startFrom ?? {};
  return {
    order,
    ...defined({
      raw: raw ?? results.get('ingest'),
      checks: checks ?? results.get('validate'),
      features: features ?? results.get('features'),
      // The trials of a search are several: there is no one answer of the stage.
      trained: trained ?? (order.plan.search ? undefined : results.get('train')),
    }),
  };
}

async function historyOf(client: HoneClient, store: ObjectStore, run: string) {
  const kept = await store.find(`models/${modelOfRun(run)}/runs/${run}/history.json`);
  if (kept) return historyFromJSON(JSON.parse(new TextDecoder().decode(kept))).events;
  try {
    return (await (await client.temporal()).workflow.getHandle(run).fetchHistory()).events;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || (error as { code?: unknown }).code === NOT_FOUND) return null;
    throw error;
  }
}

function decoded(payload: Payload): unknown {
  return defaultPayloadConverter.fromPayload(payload);
}

function defined(results: Record<string, unknown>): Omit<RunResults, 'order'> {
  return Object.fromEntries(Object.entries(results).filter(([, value]) => value !== undefined));
}
