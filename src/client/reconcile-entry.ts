/** What every repair is given and gives back, and how it is written to the ledger. */
import type { HoneConfig } from '../config/hone.ts';
import type { Finding, Repair } from '../reconciliation/contract.ts';
import type { LedgerEntry } from '../registry/contract.ts';
import { openLedger, type Step } from '../registry/ledger.ts';
import { asOfNow } from '../store/clock.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { HoneClient } from './connect.ts';

export interface ReconcileInput {
  readonly client: HoneClient;
  readonly store: ObjectStore;
  readonly clock: HoneConfig['clock'];
  /** Where the trainers of this machine are written down. */
  readonly scratchDir: string;
  /** Wall-clock instant that ages are counted to. */
  readonly now: string;
  readonly dryRun?: boolean;
}

export const ACTOR = 'reconciler';

export type Done = Omit<Repair, 'finding'>;
export type Of<Kind extends Finding['kind']> = Extract<Finding, { kind: Kind }>;

export const repaired = (sentence: string): Done => ({ result: 'repaired', sentence });

/** @throws LedgerConflict where the state is not as it was found any more */
export async function write(
  input: ReconcileInput,
  model: string,
  effectId: string,
  why: string,
  step: Step,
): Promise<LedgerEntry> {
  const as_of = await asOfNow(input.store, input.clock);
  const request = { effectId, as_of, actor: ACTOR, trust: 'system' as const, why: why.slice(0, 1000), step };
  return (await openLedger(input.store, model).append(request)).entry;
}
