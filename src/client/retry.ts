/** May a run begin again at one of its stages? Only where everything before it would come out the same. */
import { configDifference } from '../config/difference.ts';
import { configSnapshotSchema } from '../config/snapshot.ts';
import { keepTrainingWindow, keptTrainingWindow } from '../data/features/training-window.ts';
import { keepChanges, keptChanges } from '../data/ingest/kept-changes.ts';
import type { LedgerEntry } from '../registry/contract.ts';
import { openLedger } from '../registry/ledger.ts';
import { getByDigest } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { RetryOrder, RetryStage, StartFrom } from '../workflows/contract.ts';
import type { HoneClient } from './connect.ts';
import { RunUnknown } from './errors.ts';
import { modelOfRun } from './run-id.ts';
import { type RunResults, runResults } from './run-results.ts';

interface Services {
  readonly client: HoneClient;
  readonly store: ObjectStore;
}

export interface RetryPlan {
  /** Why not; empty where it may. */
  readonly refused: readonly string[];
  readonly startFrom: StartFrom | null;
  /** The logical time of the results that are taken over, and so of the new run. */
  readonly as_of: string | null;
}

/** Results that a run needs to begin at a stage, in the order in which they are made. */
const NEEDED: Readonly<Record<RetryStage, readonly (keyof StartFrom)[]>> = {
  validate: ['raw'],
  features: ['raw', 'checks'],
  train: ['raw', 'checks', 'features'],
  evaluate: ['raw', 'checks', 'features', 'trained'],
};
const STAGE_OF = { raw: 'ingest', checks: 'validate', features: 'features', trained: 'train' } as const;

/** Settings of the model file that the results before a stage were made with. */
const READ_BEFORE: Readonly<Record<RetryStage, readonly string[]>> = {
  validate: ['data'],
  features: ['data'],
  train: ['data', 'features', 'task', 'training.window', 'training.split', 'training.decay'],
  evaluate: ['data', 'features', 'task', 'training'],
};

/** Changes after which ingest, validation or the training window would come out differently. */
const CHANGED_DATA: readonly string[] = [
  ...['subject_erased', 'rows_readmitted', 'vouch_withdrawn', 'break_confirmed', 'break_withdrawn'],
];

/** @throws TemporalUnreachable, StoreUnreachable */
export async function planRetry({ client, store }: Services, model: string, retry: RetryOrder): Promise<RetryPlan> {
  const { run, from } = retry;
  const no = (...refused: string[]): RetryPlan => ({ refused, startFrom: null, as_of: null });
  if (!isRunOf(model, run)) return no(`${run} is no run of ${model}`);
  const results = await runResults(client, store, run);
  if (results === null) return no(`${run} is unknown, or its history is gone`);
  const ledger = openLedger(store, model);
  const { activeRun, config } = await ledger.state();
  if (activeRun?.run === run) return no(`${run} is still active; cancel it first, or let it end`);
  const after: LedgerEntry[] = [];
  for await (const entry of ledger.entries(results.order.ref.seq)) after.push(entry);
  const refused = [
    ...missingResults(results, retry),
    ...(config === null ? [] : await changedSettings(store, results.order.ref.config, config, from)),
    ...changedSince(after, run),
  ];
  if (refused.length > 0 || results.raw === undefined) return no(...refused);
  const { raw, checks, features, trained } = results;
  const needed = NEEDED[from];
  const startFrom: StartFrom = {
    raw,
    ...(needed.includes('checks') && checks ? { checks } : {}),
    ...(needed.includes('features') && features ? { features } : {}),
    ...(needed.includes('trained') && trained ? { trained } : {}),
  };
  return { refused: [], startFrom, as_of: results.order.ref.as_of };
}

/** What stages leave beside a run is looked for under the new one. */
export async function takeOver(store: ObjectStore, model: string, from: string, run: string): Promise<void> {
  const changes = await keptChanges(store, model, from);
  if (changes) await keepChanges(store, model, run, changes);
  const chosen = await keptTrainingWindow(store, model, from);
  if (chosen) await keepTrainingWindow(store, model, run, chosen);
}

function missingResults(results: RunResults, { run, from }: RetryOrder): string[] {
  const missing = NEEDED[from].find((name) => results[name] === undefined);
  if (results.checks?.verdict === 'reject' && from !== 'validate')
    return [`${run} was refused by validation, so there are no rows to go on with; mend the data and start a new run`];
  if (missing === undefined) return [];
  const searched = missing === 'trained' && results.order.plan.search ? ' (its parameters were searched)' : '';
  return [`${run} has no result of ${STAGE_OF[missing]}${searched}; name an earlier stage, or start a new run`];
}

async function changedSettings(store: ObjectStore, then: string, now: string, from: RetryStage): Promise<string[]> {
  if (then === now) return [];
  const [before, after] = await Promise.all(
    [then, now].map((digest) => getByDigest(store, 'configs', digest, configSnapshotSchema)),
  );
  if (!before || !after) return [];
  const read = READ_BEFORE[from];
  return configDifference(before, after)
    .map(({ path }) => path)
    .filter((path) => read.some((prefix) => path === prefix || path.startsWith(`${prefix}.`)))
    .map((path) => `${path} has changed since, and what comes before ${from} was made with the old value`);
}

function changedSince(entries: readonly LedgerEntry[], run: string): string[] {
  return entries.flatMap(({ seq, change }) => {
    if (CHANGED_DATA.includes(change.kind)) return [`the data has changed since (ledger entry ${seq}: ${change.kind})`];
    if (change.kind === 'run_ended' && change.run === run && change.outcome === 'promoted')
      return [`${run} was promoted: there is nothing to try again`];
    if (change.kind === 'promoted')
      return [`version ${change.version} was promoted since (ledger entry ${seq}), on newer data`];
    return [];
  });
}

function isRunOf(model: string, run: string): boolean {
  try {
    return modelOfRun(run) === model;
  } catch (error) {
    if (error instanceof RunUnknown) return false;
    throw error;
  }
}
