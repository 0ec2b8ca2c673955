/** Once a minute: what does not fit together (runs, ledger, nodes, schedules, trainers) is put right and told. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { ReconcileEnd } from '../activities/reconcile.ts';
import { step } from './steps.ts';

export async function reconcile(): Promise<ReconcileEnd> {
  const end = await step('data', 'compare and repair').reconcile();
  setCurrentDetails(end.sentences.length === 0 ? end.sentence : end.sentences.map((line) => `- ${line}`).join('\n'));
  return end;
}
