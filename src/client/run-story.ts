/** One run from whoever still knows it: its workflow, what it last showed without a worker, or the store's record. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { z } from 'zod';
import { keptTrainingWindow } from '../data/features/training-window.ts';
import { keptChanges } from '../data/ingest/kept-changes.ts';
import { findDocument } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { ModelSearch } from '../training/search/contract.ts';
import { keptSearch } from '../training/search/kept.ts';
import type { HoneClient } from './connect.ts';
import { RunRecordMissing, RunUnknown, WorkerMissing, WorkerSilent } from './errors.ts';
import { modelOfRun } from './run-id.ts';
import { runStatus } from './runs.ts';
import { requireWorker, withPatience } from './workers.ts';

const stage = z.object({ stage: z.string(), started: z.string(), ended: z.string().nullable() });
const message = z.object({
  name: z.string(),
  by: z.string().nullable(),
  at: z.string(),
  accepted: z.boolean(),
  answer: z.string(),
});

/** `models/<model>/runs/<run>/record.json`, written when a run ends. */
const runRecord = z.object({
  outcome: z.string(),
  version: z.number().nullable(),
  sentence: z.string(),
  trigger: z.string(),
  as_of: z.string(),
  stages: z.array(stage),
  messages: z.array(message),
  ended_at: z.string(),
});

const reason = z.object({ kind: z.string(), reason: z.string(), by: z.string() });

export interface RunStory {
  readonly run: string;
  readonly model: string;
  /** Every trigger that asked for this run. */
  readonly reasons: readonly z.output<typeof reason>[];
  /**
   * What its delivery changed since the newest accepted data, one sentence each, and with `since_break` which rows it
   * trained on; empty before ingest.
   */
  readonly changes: readonly string[];
  /** The trials of `training.search`, once they have ended; null without any. */
  readonly search: ModelSearch | null;
  /** `workflow`: now. `memo`: as last shown, no worker answers. `record`: from the store, after its end. */
  readonly source: 'workflow' | 'memo' | 'record';
  readonly open: boolean;
  readonly stage: string | null;
  readonly stages: readonly z.output<typeof stage>[];
  readonly waiting_for: string | null;
  readonly deadline: string | null;
  readonly then: string | null;
  readonly packet: string | null;
  readonly approvals: readonly string[];
  readonly rollout: { readonly step: number | null; readonly paused: boolean } | null;
  readonly messages: readonly z.output<typeof message>[];
  readonly sentence: string;
  readonly outcome: string | null;
  readonly version: number | null;
  readonly ended_at: string | null;
}

/** What the store knows of any run. */
type Known = 'run' | 'model' | 'reasons' | 'changes' | 'search';

const PATIENCE_MS = 8000;

/** @throws RunUnknown, TemporalUnreachable when only Temporal could know, RunRecordMissing */
export async function runStory(client: HoneClient, store: ObjectStore, run: string): Promise<RunStory> {
  const recorded = await recordedRun(store, run);
  if (recorded) return recorded;
  const known = await knownOf(store, run);
  const shown = await lastShown(client, run);
  if (shown === null) throw new RunUnknown(run);
  try {
    return { ...(await fromWorkflow(client, run, shown.open)), ...known };
  } catch (error) {
    if (!(error instanceof WorkerMissing || error instanceof WorkerSilent)) throw error;
    if (!shown.open && shown.outcome === null) throw new RunRecordMissing(run);
    return { ...shown, ...known };
  }
}

/** A run that has ended, from the store alone; null where its end is not recorded. @throws RunUnknown, ObjectCorrupt */
export async function recordedRun(store: ObjectStore, run: string): Promise<RunStory | null> {
  const record = await findDocument(store, `models/${modelOfRun(run)}/runs/${run}/record.json`, runRecord);
  return record ? { ...fromRecord(record), ...(await knownOf(store, run)) } : null;
}

async function knownOf(store: ObjectStore, run: string): Promise<Pick<RunStory, Known>> {
  const model = modelOfRun(run);
  const reasons = (await findDocument(store, `models/${model}/runs/${run}/reasons.json`, z.array(reason))) ?? [];
  const chosen = await keptTrainingWindow(store, model, run);
  const changes = [...((await keptChanges(store, model, run))?.sentences ?? []), ...(chosen ? [chosen.sentence] : [])];
  const search = (await keptSearch(store, model, run)) ?? null;
  return { run, model, reasons, changes, search };
}

type Told = Omit<RunStory, Known>;

function fromRecord({ stages, messages, sentence, outcome, version, ended_at }: z.output<typeof runRecord>): Told {
  return {
    ...nothing,
    source: 'record',
    open: false,
    stage: stages.at(-1)?.stage ?? null,
    ...{ stages, messages, sentence, outcome, version, ended_at },
  };
}

async function fromWorkflow(client: HoneClient, run: string, open: boolean): Promise<Told> {
  await requireWorker(client);
  const status = await withPatience(client, PATIENCE_MS, runStatus(client, run));
  const { stage, stages, deadline, then, packet, desk, rollout, sentence, outcome } = status;
  const approvals = desk.approvals.map(({ by }) => by);
  return {
    ...nothing,
    source: 'workflow',
    ...{ open, stage, stages, deadline, then, packet, approvals, rollout, sentence, outcome },
    waiting_for: status.waitingFor,
    messages: desk.messages,
  };
}

/** Memo of the run: readable without a worker. Null when Temporal does not know it. */
async function lastShown(client: HoneClient, run: string): Promise<Told | null> {
  const temporal = await client.temporal();
  try {
    const found = await temporal.workflow.getHandle(run).describe();
    const memo = (found.memo ?? {}) as Record<string, string | null | undefined>;
    return {
      ...nothing,
      source: 'memo',
      open: found.status.name === 'RUNNING',
      stage: memo['stage'] ?? null,
      waiting_for: memo['waitingFor'] ?? null,
      deadline: memo['deadline'] ?? null,
      packet: memo['packet'] ?? null,
      sentence: memo['sentence'] ?? '',
      outcome: memo['outcome'] ?? null,
      ended_at: found.closeTime?.toISOString() ?? null,
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

const nothing = {
  stages: [],
  waiting_for: null,
  deadline: null,
  then: null,
  packet: null,
  approvals: [],
  rollout: null,
  messages: [],
  version: null,
  ended_at: null,
} as const;
