/** Holds a chosen activity of a town's worker just before it begins, so that a run is in that stage for certain. */
import type { WorkerInterceptors } from '@temporalio/worker';

export interface Turnstile {
  readonly interceptors: WorkerInterceptors;
  /** From now on this activity waits. Returns when one has come. Under ten seconds: nothing beats meanwhile. */
  hold(activity: string): Promise<void>;
  /** Lets the one that waits go on, and all later ones. */
  release(): void;
}

export function openTurnstile(): Turnstile {
  let held: string | null = null;
  let came = () => {};
  let letGo = () => {};
  let gone = Promise.resolve();
  return {
    interceptors: {
      activity: [
        ({ info }) => ({
          inbound: {
            async execute(input, next) {
              if (info.activityType === held) {
                came();
                await gone;
              }
              return await next(input);
            },
          },
        }),
      ],
    },
    hold(activity) {
      held = activity;
      gone = new Promise((done) => {
        letGo = done;
      });
      return new Promise((done) => {
        came = done;
      });
    },
    release() {
      held = null;
      letGo();
    },
  };
}
