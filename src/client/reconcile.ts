/**
 * The reconciler: what does not fit together is put right, read back, and written to the model's ledger. Every repair may
 * be tried again: it is guarded by the state that it was found in, and its entry is written once.
 */
import type { Finding, Reconciled, Repair } from '../reconciliation/contract.ts';
import { findingsOf, trainerFinding } from '../reconciliation/find.ts';
import { LedgerConflict } from '../registry/errors.ts';
import type { Done, ReconcileInput } from './reconcile-entry.ts';
import { gatherFacts } from './reconcile-facts.ts';
import { createSchedule, lookNow, removeSchedule, sayRoutingAgain, stopTrainer } from './reconcile-parts.ts';
import { endGoneRun, stopFencedRun, wakeOwner } from './reconcile-runs.ts';

/** @throws TemporalUnreachable, StoreUnreachable; the next look takes it from there */
export async function reconcileAll(input: ReconcileInput): Promise<Reconciled> {
  const { client, store, now, dryRun = false } = input;
  const facts = await gatherFacts(client, store, input);
  const found = [
    ...facts.models.flatMap((one) => findingsOf(one, now)),
    ...facts.trainers.map(trainerFinding),
    ...facts.silent,
  ];
  const repairs: Repair[] = [];
  for (const finding of found) {
    repairs.push(
      dryRun ? { finding, result: 'would_repair', sentence: finding.sentence } : await repair(input, finding),
    );
  }
  return { dry_run: dryRun, at: now, models: facts.models.length, repairs };
}

async function repair(input: ReconcileInput, finding: Finding): Promise<Repair> {
  try {
    return { finding, ...(await repairOne(input, finding)) };
  } catch (error) {
    // Somebody wrote between the look and the repair: what was found is not so any more, or is found again.
    if (!(error instanceof LedgerConflict)) throw error;
    return { finding, result: 'left', sentence: `Left alone: ${error.refused}.` };
  }
}

async function repairOne(input: ReconcileInput, finding: Finding): Promise<Done> {
  switch (finding.kind) {
    case 'run_gone':
      return await endGoneRun(input, finding);
    case 'run_without_lock':
      return await stopFencedRun(input, finding);
    case 'owner_waits':
      return await wakeOwner(input, finding);
    case 'node_disagrees':
      return await sayRoutingAgain(input, finding);
    case 'schedule_orphan':
      return await removeSchedule(input, finding);
    case 'schedule_missing':
      return await createSchedule(input, finding);
    case 'monitoring_silent':
      return await lookNow(input, finding);
    case 'trainer_orphan':
      return await stopTrainer(input, finding);
    default:
      return finding satisfies never;
  }
}
