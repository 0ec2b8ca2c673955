/** Gathers what the reconciler compares: ledger, runs of Temporal, schedules, nodes, trainers. Changes nothing. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { configSnapshotSchema } from '../config/snapshot.ts';
import type { Finding, ModelFacts, RunFact, TrainerFact } from '../reconciliation/contract.ts';
import { livingNodes, nodesOf } from '../reconciliation/nodes.ts';
import { openLedger } from '../registry/ledger.ts';
import { listModels } from '../registry/models.ts';
import { waitingOf } from '../registry/trigger-answers.ts';
import { getByDigest } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { orphanTrainers, trainersRecordFolder } from '../training/orphans.ts';
import type { HoneClient } from './connect.ts';
import { lateSentence, regularWork } from './liveness.ts';
import { MANAGED, schedulesOf } from './schedules.ts';

export interface Facts {
  readonly models: readonly ModelFacts[];
  readonly trainers: readonly TrainerFact[];
  /** Monitoring that has not ticked. */
  readonly silent: readonly Finding[];
}

/** @throws TemporalUnreachable, StoreUnreachable */
export async function gatherFacts(
  client: HoneClient,
  store: ObjectStore,
  { scratchDir, now }: { readonly scratchDir: string; readonly now: string },
): Promise<Facts> {
  const temporal = await client.temporal();
  const records = await livingNodes(store);
  const schedules = await schedulesByModel(client);
  const open = await openRuns(client);
  const models: ModelFacts[] = [];
  // Models that Temporal knows and the ledger does not are none of ours: another installation may share the namespace.
  for (const model of await listModels(store)) {
    const head = await openLedger(store, model).head();
    if (head === null) continue;
    const { state, at } = head;
    const config = state.paused || state.config === null ? null : state.config;
    const wanted =
      config === null
        ? null
        : schedulesOf((await getByDigest(store, 'configs', config, configSnapshotSchema)).model, client.taskQueue);
    models.push({
      ...{ model, state, changed_at: at },
      active: state.activeRun && (await runFact(temporal, state.activeRun.run)),
      open: open.get(model) ?? [],
      waiting: (await waitingOf(store, model))?.count ?? 0,
      nodes: nodesOf(records, model),
      schedules: schedules.get(model) ?? [],
      schedules_wanted: wanted?.map(({ scheduleId }) => scheduleId) ?? null,
    });
  }
  const trainers = await orphanTrainers(trainersRecordFolder(scratchDir));
  const known = new Set(models.map(({ model }) => model));
  const silent = (await regularWork(client, now)).flatMap((one): Finding[] => {
    const { late, type, model, schedule, last } = one;
    if (!late || type !== 'monitoring' || model === null || !known.has(model)) return [];
    return [{ kind: 'monitoring_silent', model, schedule, last, sentence: lateSentence(one) }];
  });
  return { models, trainers: trainers.map(trainerFact), silent };
}

type Temporal = Awaited<ReturnType<HoneClient['temporal']>>;

async function runFact(temporal: Temporal, run: string): Promise<RunFact> {
  try {
    const { status, memo } = await temporal.workflow.getHandle(run).describe();
    return { run, status: status.name, outcome: outcomeOf(memo) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { run, status: 'MISSING', outcome: null };
    throw error;
  }
}

/** The list lags behind; what is done about one of these is asked of the run itself first. */
async function openRuns(client: HoneClient): Promise<Map<string, RunFact[]>> {
  const temporal = await client.temporal();
  const query = `WorkflowType = 'retraining' AND ExecutionStatus = 'Running' AND TaskQueue = '${client.taskQueue}'`;
  const runs = new Map<string, RunFact[]>();
  for await (const { workflowId, status, memo, searchAttributes } of temporal.workflow.list({ query })) {
    const model = String((searchAttributes as Record<string, unknown[]>)['HoneModel']?.[0] ?? '');
    const fact = { run: workflowId, status: status.name, outcome: outcomeOf(memo) };
    runs.set(model, [...(runs.get(model) ?? []), fact]);
  }
  return runs;
}

async function schedulesByModel(client: HoneClient): Promise<Map<string, string[]>> {
  const temporal = await client.temporal();
  const found = new Map<string, string[]>();
  for await (const { memo, scheduleId } of temporal.schedule.list()) {
    const model = memo?.['model'];
    if (memo?.['managedBy'] !== MANAGED || memo['taskQueue'] !== client.taskQueue || typeof model !== 'string')
      continue;
    found.set(model, [...(found.get(model) ?? []), scheduleId]);
  }
  return found;
}

function outcomeOf(memo: Record<string, unknown> | undefined): string | null {
  const outcome = memo?.['outcome'];
  return typeof outcome === 'string' ? outcome : null;
}

function trainerFact({
  name,
  pid,
  started_at,
  facts,
}: Awaited<ReturnType<typeof orphanTrainers>>[number]): TrainerFact {
  return { name, pid, started_at, model: facts['model'] ?? '', run: facts['run'] ?? '' };
}
