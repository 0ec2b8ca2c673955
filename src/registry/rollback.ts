/** Which versions a model can return to, and the return itself as one ledger entry. */
import type { ObjectStore } from '../store/object-store.ts';
import { rollBack } from './changes.ts';
import type { LedgerEntry, LedgerState } from './contract.ts';
import { NothingToRollBackTo } from './errors.ts';
import { openLedger } from './ledger.ts';
import { listVersions } from './versions.ts';

export interface RollbackTarget {
  readonly version: number;
  readonly run: string | null;
  readonly as_of: string;
  /** When it last became champion (wall clock). */
  readonly promoted_at: string;
  /** The one taken where none is named. */
  readonly default: boolean;
}

/** The version that is returned to where none is named: under a rollout the champion itself, else the one before. */
export function defaultTarget(state: LedgerState): number | null {
  const { champion, previous_champion } = state.aliases;
  const inRollout = state.routing.arms.some((arm) => arm.version !== champion?.version);
  return (inRollout ? champion?.version : previous_champion?.version) ?? null;
}

/** Versions that have been champion and are not found bad or archived since; newest promotion first. */
export async function rollbackTargets(store: ObjectStore, model: string): Promise<RollbackTarget[]> {
  const ledger = openLedger(store, model);
  const state = await ledger.state();
  const promoted = new Map<number, string>();
  for await (const { change, at } of ledger.entries()) if (change.kind === 'promoted') promoted.set(change.version, at);
  const preferred = defaultTarget(state);
  const live = state.aliases.champion?.version;
  const listed = await listVersions(store, model);
  return listed
    .filter(({ version, status }) => {
      if (version === preferred) return true;
      return promoted.has(version) && version !== live && status !== 'rejected';
    })
    .map(({ version, run, as_of, registered_at }) => {
      return {
        version,
        run,
        as_of,
        promoted_at: promoted.get(version) ?? registered_at,
        default: version === preferred,
      };
    })
    .sort((a, b) => b.promoted_at.localeCompare(a.promoted_at));
}

/**
 * Writes the return to the ledger, once for an `effectId`; it fences the active run. Nodes follow by themselves.
 *
 * @throws NothingToRollBackTo, LedgerConflict
 */
export async function writeRollback(
  store: ObjectStore,
  model: string,
  order: { to: number | null; reason: string; by: string; effectId: string; asOf: string },
): Promise<LedgerEntry> {
  const ledger = openLedger(store, model);
  const to = order.to ?? defaultTarget(await ledger.state());
  if (to === null) throw new NothingToRollBackTo(model);
  const { by, reason, effectId, asOf: as_of } = order;
  const step = rollBack({ to, reason, automatic: false, effectId, as_of });
  const { entry } = await ledger.append({ effectId, as_of, actor: by, trust: 'asserted', why: reason, step });
  return entry;
}
