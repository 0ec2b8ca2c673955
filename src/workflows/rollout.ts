/** Canary steps of a run: prepare, wait for the nodes, route, watch; each with its undo recorded before. */
import { CancellationScope, isCancellation, setHandler } from '@temporalio/workflow';
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
  /** A person does not want to wait for the end of this step. */
  hurried: boolean;
  aborted: string | null;
}

/** `bake`: all traffic is there already. `hold`: never goes on by itself. */
interface WatchOrder {
  readonly version: number;
  readonly share: number;
  readonly bake: boolean;
  readonly hold: boolean;
}

export interface Rollout {
  readonly state: RolloutState;
  /** Takes a version from no traffic to all of it, or throws so that the saga undoes it. */
  rollOut(saga: Saga, version: number, as: 'first' | 'better' | 'non_inferior'): Promise<void>;
  /** Watches the new champion with all traffic for one more bake time. */
  bake(version: number): Promise<void>;
}

/** Thrown when a person stops a rollout. */
export class RolloutAborted extends Error {
  override readonly name = 'RolloutAborted';
}

export function openRollout(run: Run, desk: ApprovalDesk): Rollout {
  const state: RolloutState = { step: null, paused: false, hurried: false, aborted: null };
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
  /** A person's word ends what is being watched: the step goes on, is held again, or is undone. */
  const word =
    (change: (by: string, reason: string) => Partial<RolloutState>, answer: string) => (by: string, reason: string) => {
      Object.assign(state, change(by, reason));
      watching?.cancel();
      return answer;
    };
  const pause = word(() => ({ paused: true }), 'Paused: shares stay as they are, guardrails go on.');
  const resume = word(() => ({ paused: false }), 'Resumed.');
  const hurry = word(() => ({ paused: false, hurried: true }), 'The wait of this step is cut short.');
  const abort = word((by, reason) => ({ aborted: `aborted by ${by}: ${reason}` }), 'Aborting: everything goes back.');
  setHandler(messages.pauseSignal, command('pause', pause));
  setHandler(messages.resumeSignal, command('resume', resume));
  setHandler(messages.promoteSignal, command('promote', hurry));
  setHandler(messages.abortSignal, command('abort', abort));

  /** Until its verdict, or until a person's word. The lease is renewed and guardrails act as long as this runs. */
  const look = async (order: WatchOrder): Promise<'advance' | 'inconclusive' | 'interrupted'> => {
    if (state.aborted) throw new RolloutAborted(state.aborted);
    watching = new CancellationScope();
    try {
      const summary = `${order.hold ? 'hold' : 'watch'} version ${order.version} at ${order.share} %`;
      return (await watching.run(() => step('watching', summary).watchRollout(run.ref, order))).verdict;
    } catch (error) {
      if (state.aborted) throw new RolloutAborted(state.aborted);
      if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
      return 'interrupted';
    } finally {
      watching = null;
    }
  };

  /** One step: watched until it may go on; held while paused, or while too little traffic leaves it to a person. */
  const watch = async (order: Omit<WatchOrder, 'hold'>) => {
    let seen: Awaited<ReturnType<typeof look>> = 'interrupted';
    while (seen !== 'advance' && !state.hurried) {
      if (state.paused || seen === 'inconclusive') {
        const undecided = seen === 'inconclusive';
        const why = undecided ? 'promote or abort: too little traffic for a verdict' : 'resume, promote or abort';
        const waiting = {
          for: why,
          deadline: null,
          then: 'shares stay as they are',
          needs: undecided ? ('inconclusive' as const) : null,
        };
        await run.wait(waiting, () => look({ ...order, hold: true }));
        if (!undecided) seen = 'interrupted';
      } else {
        seen = await look({ ...order, hold: false });
      }
    }
    state.hurried = false;
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
        await watch({ version, share, bake: false });
      }
      state.step = 100;
      run.say(`Version ${version} takes all traffic.`);
      await step('short', `promote version ${version}`).promoteVersion(run.ref, { version, as });
    },
    async bake(version) {
      await watch({ version, share: 100, bake: true });
      state.step = null;
    },
  };
}
