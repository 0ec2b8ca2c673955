/** The rollout of a run: prepare, shadow, canary steps, each watched; its undo is recorded before the first of them. */
import { CancellationScope, isCancellation, setHandler } from '@temporalio/workflow';
import type { WatchedStep } from '../activities/deploy.ts';
import { outsideTarget } from '../deployment/contract.ts';
import { isUndecodable, problem } from '../policy/approvals.ts';
import type { ApprovalDesk } from './approval.ts';
import { rolloutCommand } from './contract.ts';
import * as messages from './messages.ts';
import { openOutsideTarget } from './outside-target.ts';
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
  const outside = outsideTarget(run.order.plan.deploy.target);
  const target = openOutsideTarget();
  /** Digest of the replay that stands for a shadow where a target outside answers. */
  let shadow: string | null = null;
  /** What the last look at the shadow said: the ledger keeps it with the first share. */
  let scored: string | null = null;
  /** What the steps so far say about errors: one test through all of them. */
  let evidence: WatchedStep['evidence'];

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
    const asShadow = order.share === 0 && !outside;
    if (state.aborted) throw new RolloutAborted(state.aborted);
    watching = new CancellationScope();
    try {
      const where = asShadow ? 'as a shadow' : `at ${order.share} %`;
      const summary = `${order.hold ? 'hold' : 'watch'} version ${order.version} ${where}`;
      if (!outside) {
        const seen = await watching.run(() => step('watching', summary).watchRollout(run.ref, { ...order, evidence }));
        evidence = seen.evidence ?? evidence;
        if (asShadow) {
          scored = `Version ${order.version} as a shadow: ${seen.sentence}.`;
          run.say(scored);
        }
        return seen.verdict;
      }
      const seen = await watching.run(() => step('watching', summary).watchTarget(run.ref, order));
      shadow = seen.shadow ?? shadow;
      return seen.verdict;
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

  /** Through a target outside: without a split, a shadow by replay stands for the canary. */
  const rollOutOutside: Rollout['rollOut'] = async (saga, version, as) => {
    const { model, config, run: id } = run.ref;
    const of = { model, config, run: id };
    const before = await step('short', 'check the deployment target and the way back').checkTarget(run.ref, version);
    const asked: string[] = [];
    saga.before('rollout', async () => {
      const undo = step('undo', 'restore aliases and monitoring');
      const { wanted, none, ...undone } = await undo.undoOutside(run.ref, { version, before: before.seq, asked });
      if (asked.length === 0 || (wanted === null && !none)) return undone;
      const seen = await target.giveBack({ model, config }, `${id}/undo`, wanted);
      return { ...undone, sentence: `${undone.sentence} ${seen}.` };
    });
    const deploy = async (share: number) => {
      const order = { call: 'deploy' as const, key: `${id}/deploy/share-${share}`, version, share };
      asked.push(order.key);
      const then = 'its status is read, and without the version everything goes back';
      await target.change(of, order, {
        around: (deadline, work) => run.wait({ for: 'the pipeline to answer', deadline, then, needs: null }, work),
        interrupted: () => state.aborted !== null,
      });
      if (state.aborted) throw new RolloutAborted(state.aborted);
    };
    state.step = 0;
    run.say(before.sentence);
    await step('short', 'reserve the rollout').recordShare(run.ref, { version, share: 0 });
    if (!before.split && !before.first) await watch({ version, share: 0, bake: false });
    const shares = before.split && !before.first ? run.order.plan.deploy.canary.steps.filter((one) => one < 100) : [];
    for (const share of shares) {
      state.step = share;
      run.say(`Version ${version} takes ${share} % of requests. ${before.sentence}`);
      await step('short', `record ${share} %`).recordShare(run.ref, { version, share });
      await deploy(share);
      await watch({ version, share, bake: false });
    }
    state.step = 100;
    run.say(`Version ${version} takes all traffic. ${before.sentence}`);
    await deploy(100);
    const { split } = before;
    await step('short', `promote version ${version}`).recordPromotion(run.ref, { version, as, split, shadow });
  };

  return {
    state,
    async rollOut(saga, version, as) {
      if (outside) return await rollOutOutside(saga, version, as);
      const before = await step('short', 'check that a rollback would work').checkRollout(run.ref, version);
      saga.before('rollout', () =>
        step('undo', 'restore routing, aliases and monitoring').undoRollout(run.ref, { version, before: before.seq }),
      );
      state.step = 0;
      // Nothing is answered yet that a first version could score beside.
      const shadowed = !before.first && (run.order.plan.deploy.shadow ?? 'off') !== 'off';
      await step('watching', 'load and warm the version on all nodes').prepareRollout(run.ref, version, shadowed);
      if (shadowed) {
        run.say(`Version ${version} scores what the champion answers, and answers nobody.`);
        await watch({ version, share: 0, bake: false });
      }
      // Nothing answers beside a first version: a canary of it would leave the others without an answer.
      const shares = before.first ? [] : run.order.plan.deploy.canary.steps.filter((share) => share < 100);
      for (const share of shares) {
        state.step = share;
        run.say(`Version ${version} takes ${share} % of entities.`);
        await step('short', `route ${share} %`).routeShare(run.ref, { version, share, scored });
        scored = null;
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
