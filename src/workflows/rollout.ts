/** Canary steps of a run: prepare, wait for the nodes, route, watch; each with its undo recorded before. */
import { CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import { isUndecodable, problem } from '../policy/approvals.ts';
import type { ApprovalDesk } from './approval.ts';
import { rolloutCommand } from './contract.ts';
import * as messages from './messages.ts';
import type { Run } from './run.ts';
import type { Saga } from './saga.ts';
import { step } from './steps.ts';

interface RolloutState {
  step: number | null;
  paused: boolean;
  promote: boolean;
  aborted: string | null;
}

export interface Rollout {
  readonly state: RolloutState;
  /** Takes a version from no traffic to all of it, or throws so that the saga undoes it. */
  rollOut(saga: Saga, version: number, as: 'first' | 'better' | 'non_inferior'): Promise<void>;
}

/** Thrown when a person stops a rollout. */
export class RolloutAborted extends Error {
  override readonly name = 'RolloutAborted';
}

export function openRollout(run: Run, desk: ApprovalDesk): Rollout {
  const state: RolloutState = { step: null, paused: false, promote: false, aborted: null };
  let watching: CancellationScope | null = null;

  const command = (name: string, apply: (by: string, reason: string) => string) => (body: unknown) => {
    const parsed = rolloutCommand.safeParse(body);
    if (!parsed.success) {
      const wrong = isUndecodable(body) ? 'it could not be decoded as JSON' : problem(parsed.error);
      return desk.note(name, body, `Refused: ${wrong}. Send {"by":"<your name>","reason":"…"}.`, false);
    }
    if (state.step === null)
      return desk.note(name, body, `Refused: no rollout is under way, nothing to ${name}.`, false);
    desk.note(name, body, apply(parsed.data.by, parsed.data.reason ?? 'no reason given'), true);
  };
  const set = (change: Partial<RolloutState>, answer: string) => () => {
    Object.assign(state, change);
    return answer;
  };
  setHandler(messages.pauseSignal, command('pause', set({ paused: true }, 'Paused: shares stay as they are.')));
  setHandler(messages.resumeSignal, command('resume', set({ paused: false }, 'Resumed.')));
  setHandler(messages.promoteSignal, command('promote', set({ promote: true }, 'The wait of this step is cut short.')));
  setHandler(
    messages.abortSignal,
    command('abort', (by, reason) => {
      state.aborted = `aborted by ${by}: ${reason}`;
      watching?.cancel();
      return 'Aborting: everything goes back.';
    }),
  );

  const watch = async (version: number, share: number, bake: boolean) => {
    if (state.aborted) throw new RolloutAborted(state.aborted);
    watching = new CancellationScope();
    try {
      const summary = bake ? `watch version ${version} at 100 %` : `watch version ${version} at ${share} %`;
      await watching.run(() => step('watching', summary).watchRollout(run.ref, { version, share, bake }));
    } catch (error) {
      if (isCancellation(error) && state.aborted) throw new RolloutAborted(state.aborted);
      throw error;
    } finally {
      watching = null;
    }
    if (state.paused) {
      const waiting = {
        for: 'resume, promote or abort',
        deadline: null,
        then: 'the arm expires if this worker stops',
        needs: null,
      };
      await run.wait(waiting, () => condition(() => !state.paused || state.promote || state.aborted !== null));
      state.paused = false;
    }
    state.promote = false;
    if (state.aborted) throw new RolloutAborted(state.aborted);
  };

  return {
    state,
    async rollOut(saga, version, as) {
      const before = await step('short', 'check that a rollback would work').checkRollout(run.ref, version);
      saga.before('rollout', () =>
        step('undo', 'restore routing, aliases and monitoring').undoRollout(run.ref, { version, before: before.seq }),
      );
      state.step = 0;
      await step('watching', 'load and warm the version on all nodes').prepareRollout(run.ref, version);
      // Nothing answers beside a first version: a canary of it would leave the others without an answer.
      const shares = before.first ? [] : run.order.plan.deploy.canary.steps.filter((share) => share < 100);
      for (const share of shares) {
        state.step = share;
        run.say(`Version ${version} takes ${share} % of entities.`);
        await step('short', `route ${share} %`).routeShare(run.ref, { version, share });
        await watch(version, share, false);
      }
      state.step = 100;
      run.say(`Version ${version} takes all traffic.`);
      await step('short', `promote version ${version}`).promoteVersion(run.ref, { version, as });
      await watch(version, 100, true);
      state.step = null;
    },
  };
}
