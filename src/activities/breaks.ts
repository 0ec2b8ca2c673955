/** Breaks on their way to the ledger and from there to a run: by a tick's finding, by an event, as of a run's start. */
import type { ModelConfig } from '../config/model.ts';
import { breakOf } from '../monitoring/checks/confirmed-break.ts';
import type { TickReport } from '../monitoring/contract.ts';
import { confirmBreak, lastBreak } from '../registry/breaks.ts';
import type { ConfirmedBreak } from '../registry/contract.ts';
import { LedgerConflict } from '../registry/errors.ts';
import { openLedger } from '../registry/ledger.ts';
import type { ObjectStore } from '../store/object-store.ts';
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

/** What labels confirmed in a tick; the same tick again, or a day that somebody declared already, changes nothing. */
export async function recordBreak(store: ObjectStore, report: TickReport, config: ModelConfig): Promise<void> {
  const found = breakOf(report, config);
  if (found === null) return;
  try {
    await openLedger(store, report.model).append({
      effectId: `tick/${report.model}/${report.as_of}/break`,
      as_of: report.as_of,
      actor: found.by,
      trust: 'system',
      why: found.reason,
      step: confirmBreak(found),
    });
  } catch (error) {
    if (!(error instanceof LedgerConflict)) throw error;
  }
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
