/** Triggers that ask for an earlier run again: which cannot be met, and what the run that starts begins with. */
import { planRetry, type RetryPlan, takeOver } from '../client/retry.ts';
import type { RetryOrder, StartFrom, Trigger } from '../workflows/contract.ts';
import type { Deps } from './deps.ts';

export interface Retries {
  /** Why this trigger cannot be met; null where it can, or asks for nothing of the kind. */
  refusal(trigger: Trigger): string | null;
  /** Null where the run does everything itself: somebody else has asked for it as well, or for another retry. */
  begin(
    starts: readonly Trigger[],
    run: string,
  ): Promise<{ readonly retry: RetryOrder; readonly startFrom: StartFrom; readonly as_of: string } | null>;
}

export async function openRetries(deps: Deps, model: string, triggers: readonly Trigger[]): Promise<Retries> {
  const plans = new Map<string, RetryPlan>();
  for (const { retry } of triggers)
    if (retry && !plans.has(keyOf(retry))) plans.set(keyOf(retry), await planRetry(deps, model, retry));
  return {
    refusal({ retry }) {
      const refused = retry ? (plans.get(keyOf(retry))?.refused ?? []) : [];
      return refused.length === 0 ? null : refused.join('; ');
    },
    async begin(starts, run) {
      const retry = starts[0]?.retry;
      if (!retry || starts.some((one) => !one.retry || keyOf(one.retry) !== keyOf(retry))) return null;
      const { startFrom, as_of } = plans.get(keyOf(retry)) ?? {};
      if (!startFrom || !as_of) return null;
      await takeOver(deps.store, model, retry.run, run);
      return { retry, startFrom, as_of };
    },
  };
}

const keyOf = ({ run, from }: RetryOrder): string => `${run} ${from}`;
