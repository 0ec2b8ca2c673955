/** Back to an earlier version, now: the ledger entry first (it fences an active run), then everything else. */
import { CancellationScope } from '@temporalio/workflow';
import { effectOfThis, openOutsideTarget } from './outside-target.ts';
import { step } from './steps.ts';

export interface RollbackInput {
  /** Null: the previous champion. */
  readonly to: number | null;
  readonly reason: string;
  readonly by: string;
  readonly automatic: boolean;
}

export interface RollbackEnd {
  readonly from: number;
  readonly to: number;
  /** Seconds from the ledger entry until every live node had routed, or the deployment target showed it. */
  readonly seconds: number;
  readonly sentence: string;
}

export async function rollback(input: { readonly model: string } & RollbackInput): Promise<RollbackEnd> {
  const target = openOutsideTarget();
  return await CancellationScope.nonCancellable(async () => {
    const { model, ...order } = input;
    const back = await step('undo', `roll ${model} back`).rollBack(model, order);
    if (back.fenced) await step('undo', `cancel ${back.fenced}`).cancelRun(back.fenced, order.reason);
    if (back.outside !== undefined) {
      const of = { model, config: back.outside };
      const seen = await target.giveBack(of, effectOfThis(), back.to);
      const seconds = (Date.now() - Date.parse(back.at)) / 1000;
      const sentence = `Version ${back.to} instead of ${back.from}: ${seen}, after ${seconds.toFixed(1)} s.`;
      return { from: back.from, to: back.to, seconds, sentence };
    }
    return await step('undo', 'read routing back from the nodes').confirmRouting(model, back);
  });
}
