/** Stage deploy: routing changes through the ledger, each read back from the nodes that serve. */
import { NodesNotReady } from '../deployment/errors.ts';
import { liveNodes, pause } from '../deployment/live-nodes.ts';
import { beyondServiceLimits, type Readings, reading, startReadings } from '../deployment/node-watch.ts';
import { awaitNodes, serverTarget } from '../deployment/server.ts';
import { limitsOf, type WatchOrder } from '../deployment/watch-order.ts';
import { servingCacheOf } from '../monitoring/log/hash-key.ts';
import { judgeStep } from '../policy/rollout.ts';
import { prepareRollout, promote, stepRollout, undoRollout } from '../registry/changes.ts';
import { LedgerConflict, RunFenced } from '../registry/errors.ts';
import { type Ledger, openLedger } from '../registry/ledger.ts';
import { readVersion } from '../registry/versions.ts';
import { renewLease } from '../serving/lease.ts';
import { proveVersion } from '../serving/proven.ts';
import { readBack, readBackText } from '../serving/read-back.ts';
import type { RateTest } from '../statistics/e-process.ts';
import { verifyBlob } from '../store/content.ts';
import type { RunRef } from '../workflows/contract.ts';
import { activity, type Work } from './boundary.ts';
import { configOf, type Deps } from './deps.ts';
import { GuardrailBreached, GuardrailsNotQuiet, NoLiveNode } from './errors.ts';
import { effectOf, writeForRun } from './ledger.ts';

/** Of a look that came to its end; a breach is an error. */
export interface WatchedStep {
  readonly verdict: 'advance' | 'inconclusive';
  readonly sentence: string;
  /** On entities that met an error, for the next step to go on with. */
  readonly evidence?: RateTest;
}

interface RouteOrder {
  readonly version: number;
  readonly share: number;
  readonly scored?: string | null;
}

export type Promotion = 'first' | 'better' | 'non_inferior';

/** An arm without news from its watcher for this long falls back to the champion by itself. */
const LEASE_MS = 15_000;
const LOOK_EVERY_MS = 300;
/** What `awaitNodes` waits without patience. */
const FOLLOWED_WITHIN_MS = 30_000;
/** To find out which servers are silent. */
const SILENT_WITHIN_MS = 10_000;

export const deployActivities = (deps: Deps) => {
  const ledgerOf = (run: RunRef) => openLedger(deps.store, run.model);
  const of = ({ signal }: Work, model: string) => ({ store: deps.store, model, signal });
  const target = (work: Work, { model }: RunRef, generation: number) =>
    serverTarget({ ...of(work, model), generation });
  return {
    /** Everything that a rollout needs is there before anything moves; names the ledger entry to return to. */
    checkRollout: activity(
      deps,
      async (work, run: RunRef, version: number): Promise<{ seq: number; first: boolean }> => {
        const head = await ledgerOf(run).head();
        if (!head) throw new NoLiveNode(run.model);
        const target = head.state.aliases.champion?.version;
        for (const number of target ? [target, version] : [version]) {
          await verifyLoadable(deps, run.model, number);
          await verifyStored(deps, run.model, number);
        }
        const nodes = await liveNodes(deps.store, run.model);
        if (nodes.length === 0) throw new NoLiveNode(run.model);
        const limits = (await configOf(deps, run.config)).model.monitoring.service;
        const broken = beyondServiceLimits(nodes, limits).map(({ sentence }) => sentence);
        // A first version has nothing to return to, and takes the traffic of nobody.
        if (target && broken.length > 0) throw new GuardrailsNotQuiet(run.model, broken);
        // A server that does not follow already could not return to the champion either.
        const now = { ...of(work, run.model), generation: head.state.routing.generation };
        const late = target ? await awaitNodes(now, target, { patient: false }) : [];
        if (target && late.length > 0) throw new NodesNotReady(target, FOLLOWED_WITHIN_MS, late);
        return { seq: head.seq, first: !target };
      },
    ),

    /** @param shadow the version scores from here on what the champion answers */
    prepareRollout: activity(deps, async (work, run: RunRef, version: number, shadow: boolean = false) => {
      const lease = leaseOf(run, version);
      await renewLease(deps.store, lease, LEASE_MS);
      const step = prepareRollout({ version, effectId: effectOf(run, 'deploy/prepare'), lease, shadow });
      const scores = shadow ? '; it scores what the champion answers' : '';
      const why = `version ${version} is loaded and warmed, without traffic${scores}`;
      const { state } = await writeForRun(deps, run, { effect: 'deploy/prepare', why, step });
      await target(work, run, state.routing.generation).deploy({
        key: effectOf(run, 'deploy/prepare'),
        version,
        share: 0,
      });
    }),

    /** @param order.scored what its time as a shadow said, for the record */
    routeShare: activity(deps, async (_work, run: RunRef, order: RouteOrder) => {
      const { version, share, scored } = order;
      const lease = leaseOf(run, version);
      await renewLease(deps.store, lease, LEASE_MS);
      const effect = `deploy/share-${share}`;
      const step = stepRollout({ version, share, effectId: effectOf(run, effect), lease });
      const why = `${share} % of entities go to version ${version}${scored ? `. ${scored}` : ''}`;
      await writeForRun(deps, run, { effect, why, step });
    }),

    /** Watches one step; its counters at the start travel in the heartbeat, so a new worker neither restarts nor skips the bake. */
    watchRollout: activity(deps, async (work, run: RunRef, order: WatchOrder): Promise<WatchedStep> => {
      const { deploy, monitoring } = (await configOf(deps, run.config)).model;
      const limits = limitsOf(deploy, order);
      const { version, evidence } = order;
      const compared = order.bake || order.share === 0 ? undefined : { version, before: evidence };
      let begun =
        (work.resumed as Readings | undefined) ??
        (await startReadings(deps.store, run.model, monitoring.service, compared));
      work.report(begun);
      let renewed = 0;
      for (;;) {
        work.signal.throwIfAborted();
        if (!order.bake && Date.now() - renewed > LEASE_MS / 3) {
          await renewLease(deps.store, leaseOf(run, order.version), LEASE_MS);
          renewed = Date.now();
        }
        await requireStillOurs(run, ledgerOf(run));
        const now = await reading(deps.store, run.model, begun, { ...order, limits: monitoring.service });
        begun = now.begun;
        work.report(begun);
        const verdict = judgeStep(now, limits);
        if (verdict.verdict === 'undo') {
          throw new GuardrailBreached(
            `Version ${order.version} was stopped ${limits.shadow ? 'as a shadow' : `at ${order.share} %`} by the guardrail ${verdict.guardrail}: ${verdict.sentence}.`,
          );
        }
        if (verdict.verdict !== 'wait') {
          work.log.info({ version: order.version, share: order.share }, verdict.sentence);
          const { verdict: end, sentence } = verdict;
          return { verdict: end, sentence, ...(begun.failing && { evidence: begun.failing.test }) };
        }
        await pause(LOOK_EVERY_MS, work.signal);
      }
    }),

    promoteVersion: activity(deps, async (work, run: RunRef, order: { version: number; as: Promotion }) => {
      const labels = (await readVersion(deps.store, run.model, order.version)).metrics['mature_labels'] ?? null;
      const effect = 'deploy/promote';
      const keepShadow = (await configOf(deps, run.config)).model.deploy.probation.shadow;
      const step = promote({ ...order, effectId: effectOf(run, effect), as_of: run.as_of, labels, keepShadow });
      const { state } = await writeForRun(deps, run, {
        effect,
        why: `version ${order.version} takes all traffic`,
        step,
      });
      await target(work, run, state.routing.generation).deploy({
        ...{ key: effectOf(run, effect), version: order.version, share: 100 },
      });
    }),

    /** Restores what is still this run's own; succeeds as `superseded` where something newer has moved on. */
    undoRollout: activity(deps, async (work, run: RunRef, order: { version: number; before: number }) => {
      const started = performance.now();
      const ledger = ledgerOf(run);
      const before = (await ledger.read(order.before)).state;
      const effect = 'undo/rollout';
      const reason = 'the run did not end in a promotion';
      const step = undoRollout({
        version: order.version,
        run: run.run,
        before,
        reason,
        effectId: effectOf(run, effect),
      });
      try {
        const { state } = await writeForRun(deps, run, { effect, why: reason, step, fenced: false });
        const champion = state.aliases.champion?.version ?? null;
        const place = { ...of(work, run.model), generation: state.routing.generation };
        await awaitNodes(place, champion, { patient: false });
        const seconds = (performance.now() - started) / 1000;
        return {
          result: 'restored' as const,
          sentence: `routing, aliases and monitoring are back at version ${champion ?? 'none'}, read back after ${seconds.toFixed(1)} s.`,
        };
      } catch (error) {
        if (!isSuperseded(error)) throw error;
        const state = await ledger.state();
        if (state.routing.generation === before.routing.generation)
          return { result: 'nothing_to_do' as const, sentence: 'routing had not been changed.' };
        return {
          result: 'superseded' as const,
          sentence: `superseded: something newer had set version ${state.aliases.champion?.version ?? 'none'}, which stays.`,
        };
      }
    }),

    /** After a person's or an automatic rollback: wait until the nodes follow. */
    confirmRouting: activity(
      deps,
      async (work, model: string, back: { from: number; to: number; generation: number; at: string }) => {
        const place = { ...of(work, model), generation: back.generation };
        await awaitNodes(place, back.to, { patient: false });
        const seconds = (Date.now() - Date.parse(back.at)) / 1000;
        const wanted = { version: back.to, generation: back.generation };
        const seen = readBackText(await readBack(deps.store, model, wanted, SILENT_WITHIN_MS));
        return {
          from: back.from,
          to: back.to,
          seconds,
          sentence: `Version ${back.to} answers instead of ${back.from} after ${seconds.toFixed(1)} s, on ${seen}.`,
        };
      },
    ),
  };
};

/** Kept alive by whoever watches the rollout; without it a node gives the version no traffic. */
export const leaseOf = (run: RunRef, version: number): string =>
  `models/${run.model}/leases/v${version}-${run.run}.json`;

export function isSuperseded(error: unknown): boolean {
  return error instanceof LedgerConflict && error.refused === 'superseded';
}

/** @throws RunFenced */
export async function requireStillOurs(run: Pick<RunRef, 'model' | 'run'>, ledger: Ledger): Promise<void> {
  const head = await ledger.head();
  const active = head?.state.activeRun?.run ?? null;
  if (active !== run.run) throw new RunFenced(run.model, `${run.run}/deploy/watch`, run.run, active, head?.seq ?? 0);
}

/** A server that comes new has no copy of its own yet. @throws ObjectCorrupt, ObjectMissing */
async function verifyStored({ store }: Deps, model: string, version: number): Promise<void> {
  const { files } = await readVersion(store, model, version);
  for (const { sha256 } of files) await verifyBlob(store, sha256);
}

/** @throws VersionNotLoadable */
export async function verifyLoadable(deps: Deps, model: string, version: number): Promise<void> {
  await proveVersion({ store: deps.store, cacheDir: servingCacheOf(deps.workspace) }, model, version);
}
