/** Repairs around runs: one that is over and never said so, one that may not write any more, an owner that waits for neither. */
import { rejectVersion, releaseLock } from '../registry/changes.ts';
import { LedgerConflict } from '../registry/errors.ts';
import { openLedger } from '../registry/ledger.ts';
import { noteRepair } from '../registry/repairs.ts';
import { listVersions } from '../registry/versions.ts';
import type { HoneClient } from './connect.ts';
import { ownerId } from './owner.ts';
import { probationId, startProbation } from './probations.ts';
import { ACTOR, type Done, type Of, type ReconcileInput, repaired, write } from './reconcile-entry.ts';

/** As its own end would have been: traffic to the champion, its unserved versions rejected, the owner told. */
export async function endGoneRun(
  input: ReconcileInput,
  { model, run, promoted, sentence }: Of<'run_gone'>,
): Promise<Done> {
  const { client, store } = input;
  if (promoted !== null) await startProbation(client, model, promoted);
  // The owner's own words for it, so that whoever comes second finds the entry.
  await write(input, model, `owner/${run}/released`, sentence, releaseLock(run, sentence));
  const { activeRun, routing, aliases } = await openLedger(store, model).state();
  if (activeRun?.run === run) return { result: 'left', sentence: `${run} still holds the lock.` };
  const rejected: number[] = [];
  for (const { version } of (await listVersions(store, model)).filter((one) => one.run === run)) {
    try {
      const reason = 'its run was ended from outside';
      await write(input, model, `${run}/undo/reject-${version}`, reason, rejectVersion({ version, reason }));
      rejected.push(version);
    } catch (error) {
      if (!(error instanceof LedgerConflict)) throw error; // it serves: not to be withdrawn
    }
  }
  await tellOwner(client, model);
  const live = aliases.champion?.version ?? 'none';
  const also = [
    rejected.length > 0 ? ` Version ${rejected.join(' and ')} is rejected.` : '',
    promoted === null ? '' : ` Its promotion stands, and ${probationId(model, promoted)} watches it.`,
  ];
  return repaired(
    `The lock is free and version ${live} has ${routing.arms.length === 1 ? 'all traffic' : 'no traffic'}, read back.${also.join('')}`,
  );
}

export async function stopFencedRun(
  input: ReconcileInput,
  { model, run, sentence }: Of<'run_without_lock'>,
): Promise<Done> {
  const { client, store } = input;
  if ((await client.describeRun(run)) !== 'open') return { result: 'left', sentence: `${run} is over by now.` };
  if ((await openLedger(store, model).state()).activeRun?.run === run)
    return { result: 'left', sentence: `${run} holds the lock by now.` };
  await (await client.temporal()).workflow.getHandle(run).cancel();
  await write(input, model, `reconcile/${run}/cancelled`, sentence, noteRepair({ what: 'run', subject: run }));
  return repaired(`${run} is asked to stop; it undoes what is still its own.`);
}

export async function wakeOwner(input: ReconcileInput, { model, after, sentence }: Of<'owner_waits'>): Promise<Done> {
  const effectId = `reconcile/${after}/owner-told`;
  const before = await openLedger(input.store, model).find(effectId);
  if (before !== null)
    return {
      result: 'left',
      sentence: `The owner was told at ${before.at} and has not decided yet. Look at workflow ${ownerId(model)}.`,
    };
  await tellOwner(input.client, model);
  await write(input, model, effectId, sentence, noteRepair({ what: 'owner', subject: ownerId(model) }));
  return repaired('The owner is told that the run is over; it decides about what waits.');
}

/** By the door of runs that end: the owner looks at the ledger, whoever told it. */
async function tellOwner(client: HoneClient, model: string): Promise<void> {
  await (await client.temporal()).workflow.signalWithStart('model', {
    workflowId: ownerId(model),
    taskQueue: client.taskQueue,
    args: [{ model }],
    signal: 'runFinished',
    signalArgs: [{ by: ACTOR }],
    staticSummary: `owner of ${model}: queues triggers, starts runs`,
  });
}
