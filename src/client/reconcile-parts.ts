/** Repairs around a model: nodes that serve something else, schedules that are too many or missing, trainers of dead workers. */
import { ScheduleAlreadyRunning, ScheduleNotFoundError } from '@temporalio/client';
import { configSnapshotSchema } from '../config/snapshot.ts';
import { livingNodes, nodesOf } from '../reconciliation/nodes.ts';
import { openLedger } from '../registry/ledger.ts';
import { noteRepair, restateRouting } from '../registry/repairs.ts';
import { getByDigest } from '../store/content.ts';
import { stopOrphan, trainersRecordFolder } from '../training/orphans.ts';
import { type Done, type Of, type ReconcileInput, repaired, write } from './reconcile-entry.ts';
import { schedulesOf } from './schedules.ts';

const NODES_FOLLOW_WITHIN_MS = 15_000;

/** Once for each start of a node: what is not cured by it needs a person. */
export async function sayRoutingAgain(
  input: ReconcileInput,
  { model, node, sentence }: Of<'node_disagrees'>,
): Promise<Done> {
  const { store } = input;
  const ledger = openLedger(store, model);
  const champion = (await ledger.state()).aliases.champion?.version;
  const effectId = `reconcile/${node.node}/${node.boot}/version-${champion}`;
  const help = `Restart it; where version ${champion} itself is damaged, \`hone registry verify\` tells, and \`hone rollback ${model}\` returns to another.`;
  const before = await ledger.find(effectId);
  if (before !== null)
    return {
      result: 'left',
      sentence: `Routing was said again at ${before.at}, and ${node.node} still disagrees. ${help}`,
    };
  const step = restateRouting({ subject: node.node, seen: node.generation });
  const entry = await write(input, model, effectId, sentence, step);
  const wanted = entry.state.routing.generation;
  for (const deadline = Date.now() + NODES_FOLLOW_WITHIN_MS; Date.now() < deadline; ) {
    const now = nodesOf(await livingNodes(store), model).find((one) => one.node === node.node);
    if (now?.generation === wanted && now.champion === champion && now.failed.every((one) => one.version !== champion))
      return repaired(`${node.node} serves version ${champion} (generation ${wanted}), read back.`);
  }
  return {
    result: 'left',
    sentence: `Routing was said again (generation ${wanted}); ${node.node} has not followed yet. ${help}`,
  };
}

export async function removeSchedule(
  input: ReconcileInput,
  { model, schedule, sentence }: Of<'schedule_orphan'>,
): Promise<Done> {
  const handle = (await input.client.temporal()).schedule.getHandle(schedule);
  try {
    await handle.delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    return { result: 'left', sentence: `${schedule} is gone by now.` };
  }
  await noteSchedule(input, model, schedule, sentence);
  return repaired(`${schedule} is removed.`);
}

export async function createSchedule(
  input: ReconcileInput,
  { model, schedule, sentence }: Of<'schedule_missing'>,
): Promise<Done> {
  const { client, store } = input;
  const { config, paused } = await openLedger(store, model).state();
  if (config === null || paused) return { result: 'left', sentence: `${model} is paused by now.` };
  const wanted = schedulesOf(
    (await getByDigest(store, 'configs', config, configSnapshotSchema)).model,
    client.taskQueue,
  );
  const options = wanted.find(({ scheduleId }) => scheduleId === schedule);
  if (!options) return { result: 'left', sentence: `${schedule} is not asked for by now.` };
  try {
    await (await client.temporal()).schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    return { result: 'left', sentence: `${schedule} is there by now.` };
  }
  await noteSchedule(input, model, schedule, sentence);
  return repaired(`${schedule} is created as the configuration says.`);
}

/** The place in the ledger makes it one entry for one repair: the same schedule may go missing again. */
async function noteSchedule(input: ReconcileInput, model: string, schedule: string, why: string): Promise<void> {
  const after = (await openLedger(input.store, model).head())?.seq ?? 0;
  await write(
    input,
    model,
    `reconcile/${schedule}/after-${after}`,
    why,
    noteRepair({ what: 'schedule', subject: schedule }),
  );
}

/** A look is asked for at once, and people are told once for each silence. */
export async function lookNow(
  input: ReconcileInput,
  { model, schedule, last, sentence }: Of<'monitoring_silent'>,
): Promise<Done> {
  const effectId = `reconcile/${schedule}/silent-since-${last ?? 'ever'}`;
  const before = await openLedger(input.store, model).find(effectId);
  if (before !== null)
    return {
      result: 'left',
      sentence: `A look was asked for at ${before.at} and has not come to an end. \`hone doctor\` lists what is stuck.`,
    };
  await (await input.client.temporal()).schedule.getHandle(schedule).trigger();
  await write(input, model, effectId, sentence, noteRepair({ what: 'monitoring', subject: schedule }));
  return repaired('A look is asked for now.');
}

export async function stopTrainer(
  input: ReconcileInput,
  { model, trainer, sentence }: Of<'trainer_orphan'>,
): Promise<Done> {
  const gone = await stopOrphan(trainersRecordFolder(input.scratchDir), trainer.name);
  const subject = `${trainer.run} (process ${trainer.pid})`;
  if (!gone)
    return { result: 'left', sentence: `Process ${trainer.pid} did not end. Kill it: kill -9 -- -${trainer.pid}` };
  await write(input, model, `reconcile/trainer/${trainer.name}`, sentence, noteRepair({ what: 'trainer', subject }));
  return repaired(`Process ${trainer.pid} and its group are gone.`);
}
