/** What time it is for the models. */
import { asOfNow } from '../store/clock.ts';
import { activity } from './boundary.ts';
import type { Deps } from './deps.ts';

export const clockActivities = (deps: Deps) => ({
  asOfNow: activity(deps, () => asOfNow(deps.store, deps.hone.clock)),

  /** Replays only: waits until somebody has moved the logical clock past the instant. */
  awaitLogicalTime: activity(deps, async (work, target: string) => {
    for (;;) {
      const now = await asOfNow(deps.store, deps.hone.clock);
      if (Date.parse(now) >= Date.parse(target)) return now;
      work.signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }),
});
