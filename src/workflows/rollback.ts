/** Back to an earlier version, now: the ledger entry first (it fences an active run), then everything else. */
import { CancellationScope } from '@temporalio/workflow';
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
  /** Seconds from the ledger entry until every live node had routed. */
  readonly seconds: number;
  readonly sentence: string;
}

export async function rollback(input: { readonly model: string } & RollbackInput): Promise<RollbackEnd> {
  return await CancellationScope.nonCancellable(async () => {
    const { model, ...order } = input;
    const back = await step('undo', `roll ${model} back`).rollBack(model, order);
    if (back.fenced) await step('undo', `cancel ${back.fenced}`).cancelRun(back.fenced, order.reason);
    return await step('undo', 'read routing back from the nodes').confirmRouting(model, back);
  });
}
