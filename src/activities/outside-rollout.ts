/** The rollout through a target outside hone: what the ledger is told, what is watched, and how it is taken back. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { durationMs } from '../config/values.ts';
import { outsideTarget, rolloutSentence } from '../deployment/contract.ts';
import { pause } from '../deployment/live-nodes.ts';
import { closeRequest } from '../deployment/requests.ts';
import { replayTraffic } from '../evaluation/traffic-replay.ts';
import { prepareRollout, promote, stepRollout, undoRollout } from '../registry/changes.ts';
import { openLedger } from '../registry/ledger.ts';
import { attest, readVersion } from '../registry/versions.ts';
import type { RunRef } from '../workflows/contract.ts';
import { activity, type Work } from './boundary.ts';
import { isSuperseded, leaseOf, type Promotion, requireStillOurs } from './deploy.ts';
import { configOf, type Deps, keep } from './deps.ts';
import { GuardrailBreached } from './errors.ts';
import { effectOf, writeForRun } from './ledger.ts';
import { problemOf, sentenceOf, targetIn } from './outside-target.ts';

export interface Watched {
  readonly verdict: 'advance' | 'inconclusive';
  /** Digest of the replay; only of a shadow. */
  readonly shadow: string | null;
}

export interface OutsideUndone {
  readonly result: 'restored' | 'superseded' | 'nothing_to_do';
  readonly sentence: string;
  /** What the target has to serve; null where another run has taken over, or there was no version before. */
  readonly wanted: number | null;
  /** There was no version before: the target has to serve none. */
  readonly none: boolean;
}

export const outsideRolloutActivities = (deps: Deps) => ({
  /** In the ledger: a share of 0 reserves the rollout. hone's own servers, if any run, give it no traffic without a lease. */
  recordShare: activity(deps, async (_work, run: RunRef, order: { version: number; share: number }) => {
    const { version, share } = order;
    const lease = leaseOf(run, version);
    const effect = share === 0 ? 'deploy/prepare' : `deploy/share-${share}`;
    const change = { version, effectId: effectOf(run, effect), lease };
    const step = share === 0 ? prepareRollout(change) : stepRollout({ ...change, share });
    const why = share === 0 ? `version ${version} is to be deployed` : `version ${version} is to take ${share} %`;
    await writeForRun(deps, run, { effect, why, step });
  }),

  /** At 0 % the candidate answers logged requests; above, the target's own word counts until the bake is over. */
  watchTarget: activity(
    deps,
    async (
      work,
      run: RunRef,
      order: { version: number; share: number; bake: boolean; hold: boolean },
    ): Promise<Watched> => {
      const { deploy } = (await configOf(deps, run.config)).model;
      if (order.hold) return await holdOn(deps, work, run, deploy.pipeline.look_every);
      return order.share === 0 ? await shadow(deps, work, run, order.version) : await watch(deps, work, run, order);
    },
  ),

  /** After the target shows it with all traffic. */
  recordPromotion: activity(
    deps,
    async (_work, run: RunRef, order: { version: number; as: Promotion; split: boolean; shadow: string | null }) => {
      const { version, as, split, shadow } = order;
      const target = outsideTarget((await configOf(deps, run.config)).model.deploy.target);
      const kind = target?.kind ?? 'webhook';
      const labels = (await readVersion(deps.store, run.model, version)).metrics['mature_labels'] ?? null;
      const effect = 'deploy/promote';
      const step = promote({ version, as, effectId: effectOf(run, effect), as_of: run.as_of, labels });
      const sentence = rolloutSentence(kind, split);
      await writeForRun(deps, run, { effect, why: `version ${version} takes all traffic. ${sentence}`, step });
      await attest(deps.store, run.model, version, 'rollout', { contract: 1, target: kind, split, shadow, sentence });
    },
  ),

  /** The ledger first; the target follows it. Answers to what was asked before come too late from here on. */
  undoOutside: activity(
    deps,
    async (
      _work,
      run: RunRef,
      order: { version: number; before: number; asked: readonly string[] },
    ): Promise<OutsideUndone> => {
      for (const key of order.asked) await closeRequest(deps.store, run.model, key, new Date().toISOString());
      const ledger = openLedger(deps.store, run.model);
      const before = (await ledger.read(order.before)).state;
      const reason = 'the run did not end in a promotion';
      const effect = 'undo/rollout';
      const own = { version: order.version, run: run.run, before, reason, effectId: effectOf(run, effect) };
      try {
        const { state } = await writeForRun(deps, run, { effect, why: reason, step: undoRollout(own), fenced: false });
        const wanted = state.aliases.champion?.version ?? null;
        return {
          result: 'restored',
          sentence: `the ledger is back at version ${wanted ?? 'none'}.`,
          wanted,
          none: wanted === null,
        };
      } catch (error) {
        if (!isSuperseded(error)) throw error;
        const state = await ledger.state();
        const champion = state.aliases.champion?.version ?? null;
        const other = state.activeRun !== null && state.activeRun.run !== run.run;
        const wanted = other ? null : champion;
        const none = !other && champion === null;
        if (state.routing.generation === before.routing.generation)
          return { result: 'nothing_to_do', sentence: 'the ledger had not been changed.', wanted: champion, none };
        const sentence = `superseded: something newer had set version ${champion ?? 'none'}, which stays.`;
        return { result: 'superseded', sentence, wanted, none };
      }
    },
  ),
});

/** Until a person says otherwise; a rollback in between ends it. */
async function holdOn(deps: Deps, work: Work, run: RunRef, every: string): Promise<never> {
  const ledger = openLedger(deps.store, run.model);
  for (;;) {
    await requireStillOurs(run, ledger);
    await pause(Math.min(durationMs(every), 2000), work.signal);
  }
}

async function shadow(deps: Deps, work: Work, run: RunRef, version: number): Promise<Watched> {
  const { min_requests } = (await configOf(deps, run.config)).model.deploy.canary;
  const candidate = await readVersion(deps.store, run.model, version);
  const workDir = join(deps.scratchDir, run.run, `shadow-${work.attempt}`);
  await mkdir(workDir, { recursive: true });
  const { store, cacheDir } = deps;
  const replay = await replayTraffic({ store, candidate, asOf: run.as_of, cacheDir, workDir, signal: work.signal });
  const requests = replay?.requests ?? 0;
  if (replay && replay.failed > 0)
    throw new GuardrailBreached(
      `Version ${version} was stopped in its shadow: ${replay.failed} of ${requests} logged requests gave no usable answer; the limit is 0.`,
    );
  const enough = requests >= Math.max(1, Math.min(min_requests, MOST_REPLAYED));
  const why = replay?.reason ?? `${requests} logged requests of at least ${min_requests} in the last seven days`;
  work.log.info({ version, requests }, enough ? 'shadow by replay without a failure' : why);
  return { verdict: enough ? 'advance' : 'inconclusive', shadow: replay ? await keep(deps, replay) : null };
}

/** `replayTraffic` takes no more. */
const MOST_REPLAYED = 1000;

/** Silence is nobody's verdict: after `settle_within` of it a person decides. */
async function watch(
  deps: Deps,
  work: Work,
  run: RunRef,
  { version, share }: { version: number; share: number },
): Promise<Watched> {
  const config = (await configOf(deps, run.config)).model;
  const { canary, pipeline } = config.deploy;
  const ledger = openLedger(deps.store, run.model);
  const target = targetIn(deps, config, work);
  const begun = typeof work.resumed === 'number' ? work.resumed : Date.now();
  work.report(begun);
  for (let heardAt = Date.now(); ; ) {
    await requireStillOurs(run, ledger);
    const found = await target.status().catch((error: unknown) => sentenceOf(error, work));
    if (typeof found === 'string') {
      work.log.warn({ version, share }, found);
      if (Date.now() - heardAt > durationMs(pipeline.settle_within)) return { verdict: 'inconclusive', shadow: null };
    } else {
      heardAt = Date.now();
      const problem = problemOf(found, version, share);
      if (problem !== null)
        throw new GuardrailBreached(
          `Version ${version} was stopped at ${share} % by its deployment target: ${problem}.`,
        );
      if (Date.now() - begun >= durationMs(canary.bake)) return { verdict: 'advance', shadow: null };
    }
    const left = durationMs(canary.bake) - (Date.now() - begun);
    await pause(Math.max(50, Math.min(durationMs(pipeline.look_every), left)), work.signal);
  }
}
