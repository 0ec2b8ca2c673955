/** Freezing a model and lifting it for a person: the one door of command line and pages. Temporal is not needed. */
import { randomUUID } from 'node:crypto';
import { freeze, unfreeze } from '../registry/changes.ts';
import type { LedgerEntry } from '../registry/contract.ts';
import type { Ledger, Step } from '../registry/ledger.ts';

export interface FreezeOrder {
  readonly by: string;
  readonly reason: string;
  readonly asOf: string;
}

/** @param order.until by `asOf`'s clock; null: until unfrozen @throws StoreUnreachable */
export function freezeForPerson(ledger: Ledger, order: FreezeOrder & { until: string | null }): Promise<LedgerEntry> {
  const { by, reason, until } = order;
  return write(ledger, order, freeze({ by, reason, until }));
}

/** @throws LedgerConflict where there is nothing to lift, StoreUnreachable */
export function unfreezeForPerson(ledger: Ledger, order: FreezeOrder): Promise<LedgerEntry> {
  return write(ledger, order, unfreeze({ reason: order.reason }));
}

async function write(ledger: Ledger, { by, reason, asOf }: FreezeOrder, step: Step): Promise<LedgerEntry> {
  const effectId = `freeze/${randomUUID()}`;
  const { entry } = await ledger.append({ effectId, as_of: asOf, actor: by, trust: 'asserted', why: reason, step });
  return entry;
}
