/** One look of the reconciler: finds what does not fit together, repairs it, and says what it did. */
import { reconcileAll } from '../client/reconcile.ts';
import { activity } from './boundary.ts';
import type { Deps } from './deps.ts';

export interface ReconcileEnd {
  readonly sentence: string;
  readonly repaired: number;
  /** Found, and in need of a person. */
  readonly left: number;
  /** At most twenty, found and done. */
  readonly sentences: readonly string[];
}

const SENTENCES_KEPT = 20;

export const reconcileActivities = (deps: Deps) => ({
  reconcile: activity(deps, async (work): Promise<ReconcileEnd> => {
    const { client, store, hone, scratchDir } = deps;
    const now = new Date().toISOString();
    const { models, repairs } = await reconcileAll({ client, store, clock: hone.clock, scratchDir, now });
    for (const { finding, result, sentence } of repairs)
      work.log.warn({ model: finding.model, kind: finding.kind, result }, `${finding.sentence} ${sentence}`);
    const repaired = repairs.filter(({ result }) => result === 'repaired').length;
    const left = repairs.length - repaired;
    return {
      sentence: repairs.length === 0 ? `${models} models: everything fits.` : `${repaired} repaired, ${left} left.`,
      ...{ repaired, left },
      sentences: repairs.slice(0, SENTENCES_KEPT).map(({ finding, sentence }) => `${finding.sentence} ${sentence}`),
    };
  }),
});
