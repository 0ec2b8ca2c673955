/** Stage deploy through a target outside hone: asked by key, read back by `status`; the ledger moves on when it shows. */
import { activityInfo } from '@temporalio/activity';
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import { type DeploymentTarget, outsideTarget, rolloutSentence, type TargetStatus } from '../deployment/contract.ts';
import { DeploymentNotConfirmed, TargetCannotWithdraw, TargetDisagrees } from '../deployment/errors.ts';
import { pause } from '../deployment/live-nodes.ts';
import { manualRollback, openTarget } from '../deployment/open-target.ts';
import { closeRequest, findAnswer, rememberRequest } from '../deployment/requests.ts';
import { HoneError } from '../errors.ts';
import { noteReturnFailed } from '../registry/changes.ts';
import { openLedger } from '../registry/ledger.ts';
import { asOfNow } from '../store/clock.ts';
import type { RunRef } from '../workflows/contract.ts';
import { activity, type Work } from './boundary.ts';
import { requireStillOurs, verifyLoadable } from './deploy.ts';
import { configOf, type Deps } from './deps.ts';

/** Whose target: of a run the configuration that it began with, else the one in the ledger. */
export interface TargetOf {
  readonly model: string;
  readonly config: string;
  /** Left out where no run writes: a rollback asks whoever holds the lock. */
  readonly run?: string;
}

export interface TargetChange {
  readonly call: 'deploy' | 'rollback';
  readonly key: string;
  /** Null, of a rollback only: none, as before the first version. */
  readonly version: number | null;
  readonly share: number;
}

export interface Asked {
  readonly answered: boolean;
  /** How long a callback is waited for. */
  readonly patienceMs: number;
  /** The ledger wants another version by now, so nothing was asked. */
  readonly superseded: boolean;
}

export interface TargetChecked {
  readonly seq: number;
  readonly first: boolean;
  readonly split: boolean;
  readonly sentence: string;
}

const SETTLE_EVERY_MS = 500;

export const outsideTargetActivities = (deps: Deps) => ({
  /** Both versions can be loaded, the target answers, and it serves what the ledger says. */
  checkTarget: activity(deps, async (work, run: RunRef, version: number): Promise<TargetChecked> => {
    const config = (await configOf(deps, run.config)).model;
    const ledger = openLedger(deps.store, run.model);
    const head = await ledger.head();
    await requireStillOurs(run, ledger);
    const champion = head?.state.aliases.champion?.version;
    for (const one of champion ? [champion, version] : [version]) await verifyLoadable(deps, run.model, one);
    const target = targetIn(deps, config, work);
    const { split } = await target.capabilities();
    const found = await target.status();
    if (champion && problemOf(found, champion, 100) !== null)
      throw new TargetDisagrees(run.model, said(found), champion);
    const kind = outsideTarget(config.deploy.target)?.kind ?? 'webhook';
    return { seq: head?.seq ?? 0, first: !champion, split, sentence: rolloutSentence(kind, split) };
  }),

  askTarget: activity(deps, async (work, of: TargetOf, change: TargetChange): Promise<Asked> => {
    const { model, run } = of;
    const { call, ...order } = change;
    const config = (await configOf(deps, of.config)).model;
    const patienceMs = durationMs(config.deploy.pipeline.answer_within);
    const ledger = openLedger(deps.store, model);
    if (run !== undefined) await requireStillOurs({ model, run }, ledger);
    const champion = (await ledger.state()).aliases.champion?.version ?? null;
    if (call === 'rollback' && champion !== change.version) return { answered: true, patienceMs, superseded: true };
    const target = targetIn(deps, config, work);
    if (change.version === null && !(await target.capabilities()).withdraw) throw new TargetCannotWithdraw(model);
    const workflow = activityInfo().workflowExecution?.workflowId ?? '';
    const at = new Date().toISOString();
    await rememberRequest(deps.store, model, { contract: 1, ...change, workflow, at });
    const taken = await target[call](order);
    work.log.info({ ...change, taken }, 'asked the deployment target');
    return { answered: taken === 'done', patienceMs, superseded: false };
  }),

  /** `status` shows the change. From here on its answer is too late. */
  confirmTarget: activity(
    deps,
    async (work, of: TargetOf, { key, version, share }: TargetChange, heard: boolean): Promise<string> => {
      const config = (await configOf(deps, of.config)).model;
      await closeRequest(deps.store, of.model, key, new Date().toISOString());
      const answer = await findAnswer(deps.store, of.model, key);
      if (answer?.outcome === 'failed')
        throw new DeploymentNotConfirmed(
          version,
          share,
          `it answered that it failed: ${answer.reason ?? 'no reason given'}`,
        );
      const target = targetIn(deps, config, work);
      const { answer_within, settle_within } = config.deploy.pipeline;
      // Whoever was silent for the whole deadline is asked once what became of it.
      const until = heard ? Date.now() + durationMs(settle_within) : 0;
      for (;;) {
        const problem = await target.status().then(
          (found) => problemOf(found, version, share),
          (error: unknown) => sentenceOf(error, work),
        );
        if (problem === null) {
          const silent = heard ? '' : `, although no answer came within ${answer_within}`;
          const shown = version === null ? 'no version' : `version ${version} at ${share} %`;
          return `the deployment target shows ${shown}${silent}`;
        }
        if (Date.now() >= until) {
          const why = heard ? problem : `no answer within ${answer_within}; ${problem}`;
          throw new DeploymentNotConfirmed(version, share, why);
        }
        await pause(SETTLE_EVERY_MS, work.signal);
      }
    },
  ),

  /** Somebody has to do by hand what the target did not: a page with the exact command. */
  pageReturnFailed: activity(
    deps,
    async (_work, of: TargetOf, order: { key: string; version: number | null; why: string; forGood?: boolean }) => {
      const config = (await configOf(deps, of.config)).model;
      // What cannot be asked of it can only be looked at.
      const command = order.forGood ? `npx hone deployment status ${of.model}` : manualRollback(config, order.version);
      const what = order.version === null ? 'Take the version out' : `Put version ${order.version} back`;
      const why = order.forGood ? order.why : `${order.why} ${what} by hand: ${command} · hone goes on trying.`;
      await openLedger(deps.store, of.model).append({
        effectId: `${order.key}/page`,
        as_of: await asOfNow(deps.store, deps.hone.clock),
        actor: of.run ?? 'rollback',
        trust: 'system',
        why: why.slice(0, 1000),
        step: noteReturnFailed({ to: order.version, command }),
      });
    },
  ),
});

/** For the packet: how a version goes live; nothing where hone serves it. A target that is silent now is asked again later. */
export async function throughOf(deps: Deps, config: ModelConfig, work: Work) {
  const outside = outsideTarget(config.deploy.target);
  if (outside === null) return {};
  const split = await Promise.resolve()
    .then(() => targetIn(deps, config, work).capabilities())
    .then(
      (able) => able.split,
      (error: unknown) => {
        work.log.warn({ target: outside.kind }, sentenceOf(error, work));
        return null;
      },
    );
  return { through: { target: outside.kind, split, sentence: rolloutSentence(outside.kind, split) } };
}

/** @throws TargetUnusable */
export function targetIn(deps: Deps, config: ModelConfig, work: Work): DeploymentTarget {
  const target = openTarget(config, {
    workspace: deps.workspace,
    environment: process.env,
    signal: work.signal,
  });
  if (target === null) throw new TypeError(`${config.model} is served by hone itself`);
  return target;
}

/** @returns null where the target serves just that, and well */
export function problemOf(found: TargetStatus, version: number | null, share: number): string | null {
  if (version === null) return found.version === null ? null : `it says ${said(found)}`;
  return found.healthy && found.version === version && found.share === share ? null : `it says ${said(found)}`;
}

export function said({ version, share, healthy, problem }: TargetStatus): string {
  const what = version === null ? 'no version' : `version ${version} at ${share} %`;
  return healthy ? what : `${what}, not healthy${problem ? ` (${problem})` : ''}`;
}

/** A target that does not answer now may answer at the next look. */
export function sentenceOf(error: unknown, work: Work): string {
  work.signal.throwIfAborted();
  if (error instanceof HoneError) return error.message;
  throw error;
}
