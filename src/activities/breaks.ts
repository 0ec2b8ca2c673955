/** The break that a run trains after: what the ledger said at its start, and what the events say that started it. */
import type { ModelConfig } from '../config/model.ts';
import { confirmBreak, lastBreak } from '../registry/breaks.ts';
import type { ConfirmedBreak } from '../registry/contract.ts';
import { LedgerConflict } from '../registry/errors.ts';
import { openLedger } from '../registry/ledger.ts';
import { demandsOf } from '../triggers/demands.ts';
import type { RunRef } from '../workflows/contract.ts';
import type { Deps } from './deps.ts';
import { writeForRun } from './ledger.ts';

/**
 * The last one at the run's `as_of`: the same for every try of a stage, whatever is confirmed meanwhile. Breaks that
 * events name are written to the ledger, so that later runs know them.
 *
 * @returns null for a model that does not train since a break, too
 */
export async function breakOfRun(deps: Deps, run: RunRef, config: ModelConfig): Promise<ConfirmedBreak | null> {
  if (config.training.window.type !== 'since_break') return null;
  const { state } = await openLedger(deps.store, run.model).read(run.seq);
  const named = breaksNamed(await demandsOf(deps.store, run.model, run.run));
  for (const found of named) await record(deps, run, found);
  return lastBreak({ breaks: [...(state.breaks ?? []), ...named] }, run.as_of);
}

/** A demand about one slice says that a part of the world is new, not that all rows before it mislead. */
function breaksNamed(demands: Awaited<ReturnType<typeof demandsOf>>): ConfirmedBreak[] {
  return demands.flatMap(({ since, slice, by, reason }) =>
    since === null || slice !== null ? [] : [{ at: since, source: 'event' as const, by, reason }],
  );
}

async function record(deps: Deps, run: RunRef, found: ConfirmedBreak): Promise<void> {
  try {
    const effect = `features/break-${found.at}`;
    await writeForRun(deps, run, { effect, why: found.reason, step: confirmBreak(found) });
  } catch (error) {
    if (!(error instanceof LedgerConflict)) throw error; // confirmed already
  }
}
