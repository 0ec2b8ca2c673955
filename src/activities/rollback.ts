/** Back to an earlier version: the ledger entry first, which fences an active run; the rest follows it. */

import { activityInfo } from '@temporalio/activity';
import { outsideTarget } from '../deployment/contract.ts';
import { rollBack } from '../registry/changes.ts';
import { openLedger } from '../registry/ledger.ts';
import { defaultTarget } from '../registry/rollback.ts';
import { asOfNow } from '../store/clock.ts';
import type { RollbackInput } from '../workflows/rollback.ts';
import { activity } from './boundary.ts';
import { verifyLoadable } from './deploy.ts';
import { configOf, type Deps } from './deps.ts';
import { NothingToRollBackTo } from './errors.ts';

export interface RolledBack {
  readonly from: number;
  readonly to: number;
  readonly generation: number;
  readonly at: string;
  /** The configuration whose deployment target has to follow; left out where hone serves itself. */
  readonly outside?: string;
  /** The run that was active and may not write any more. */
  readonly fenced: string | null;
}

export const rollbackActivities = (deps: Deps) => ({
  rollBack: activity(deps, async (work, model: string, order: RollbackInput): Promise<RolledBack> => {
    const ledger = openLedger(deps.store, model);
    const head = await ledger.head();
    const effectId = `${activityInfo().workflowExecution?.workflowId ?? 'rollback'}/rollback`;
    const earlier = await ledger.find(effectId, Math.max(0, (head?.seq ?? 0) - 20));
    const before = earlier ? (await ledger.read(earlier.seq - 1)).state : head?.state;
    const to = order.to ?? (before ? defaultTarget(before) : null);
    if (!to) throw new NothingToRollBackTo(model);
    const outside = await outsideOf(deps, head?.state.config ?? null);
    if (!earlier && outside.outside === undefined) await verifyLoadable(deps, model, to);
    const as_of = await asOfNow(deps.store, deps.hone.clock);
    const step = rollBack({ to, reason: order.reason, automatic: order.automatic, effectId, as_of });
    const trust = order.automatic ? ('system' as const) : ('asserted' as const);
    const { entry } = await ledger.append({ effectId, as_of, actor: order.by, trust, why: order.reason, step });
    const from = entry.change.kind === 'rolled_back' ? entry.change.from : to;
    work.log.warn({ from, to }, `rolled back: ${order.reason}`);
    return {
      from,
      to,
      generation: entry.state.routing.generation,
      at: entry.at,
      fenced: before?.activeRun?.run ?? null,
      ...(await outsideOf(deps, entry.state.config)),
    };
  }),

  cancelRun: activity(deps, async (_work, run: string, _reason: string) => {
    if ((await deps.client.describeRun(run)) !== 'open') return;
    await (await deps.client.temporal()).workflow.getHandle(run).cancel();
  }),
});

async function outsideOf(deps: Deps, config: string | null): Promise<{ outside?: string }> {
  if (config === null) return {};
  return outsideTarget((await configOf(deps, config)).model.deploy.target) ? { outside: config } : {};
}
