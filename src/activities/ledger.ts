/** Writing a run's changes to the ledger: always with its effect id, its lock, and the place to look for earlier tries. */
import type { LedgerEntry } from '../registry/contract.ts';
import { openLedger, type Step } from '../registry/ledger.ts';
import type { RunRef } from '../workflows/contract.ts';
import type { Deps } from './deps.ts';

export interface RunChange {
  /** `<stage>/<step>`: with the run in front the same for every try. */
  readonly effect: string;
  readonly why: string;
  readonly step: Step;
  /** Undo and end are written whoever holds the lock by now. */
  readonly fenced?: boolean;
  /** Who decided; the run itself by default. */
  readonly actor?: string;
  readonly trust?: LedgerEntry['trust'];
}

/** @throws LedgerConflict when the state refuses, RunFenced when another run or nobody holds the lock */
export async function writeForRun(deps: Deps, run: RunRef, change: RunChange): Promise<LedgerEntry> {
  const { entry } = await openLedger(deps.store, run.model).append({
    effectId: effectOf(run, change.effect),
    as_of: run.as_of,
    actor: change.actor ?? run.run,
    trust: change.trust ?? 'system',
    why: change.why.slice(0, 1000),
    step: change.step,
    sinceSeq: run.seq,
    ...(change.fenced === false ? {} : { requireActiveRun: run.run }),
  });
  return entry;
}

export function effectOf(run: RunRef, effect: string): string {
  return `${run.run}/${effect}`;
}
