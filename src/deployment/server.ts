/** hone's own prediction server as a target: it follows the ledger by itself, so a call waits until its nodes have. */
import { openLedger } from '../registry/ledger.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { DeploymentTarget, TargetStatus } from './contract.ts';
import { NodesNotReady } from './errors.ts';
import { liveNodes, pause } from './live-nodes.ts';

const LOAD_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 300;

/** `generation`: of the ledger entry that asked for the change. */
export interface ServerPlace {
  readonly store: ObjectStore;
  readonly model: string;
  readonly generation: number;
  readonly signal?: AbortSignal;
}

/** @throws (from `deploy`) NodesNotReady; a rollback never waits longer than half a minute for a node */
export function serverTarget(place: ServerPlace): DeploymentTarget {
  return {
    async deploy({ version }) {
      await awaitNodes(place, version, { patient: true });
      return 'done';
    },
    async rollback({ version }) {
      return (await awaitNodes(place, version, { patient: false })).length === 0 ? 'done' : 'under_way';
    },
    status: () => statusOf(place),
    capabilities: async () => ({ split: true }),
  };
}

async function statusOf({ store, model }: ServerPlace): Promise<TargetStatus> {
  const { routing, aliases } = await openLedger(store, model).state();
  const arm = routing.arms.find(({ version }) => version !== aliases.champion?.version) ?? routing.arms[0];
  const nodes = await liveNodes(store, model);
  const late = arm ? lateNodes(nodes, arm.version, routing.generation) : [];
  const problem = nodes.length === 0 ? 'no prediction server of the model is alive' : late.join('; ').slice(0, 500);
  const status = { version: arm?.version ?? null, share: arm?.share ?? 0 };
  return problem === '' ? { ...status, healthy: true } : { ...status, healthy: false, problem };
}

/** Those that do not follow the generation with the version loaded, and why. */
function lateNodes(nodes: Awaited<ReturnType<typeof liveNodes>>, version: number | null, generation: number): string[] {
  return nodes.flatMap(({ node, model: at }) => {
    const failed = version === null ? undefined : at.failed.find((one) => one.version === version);
    if (failed) return [`${node}: ${failed.reason}`];
    const follows = at.generation >= generation && (version === null || at.loaded.includes(version));
    return follows ? [] : [`${node} is still at generation ${at.generation}`];
  });
}

/**
 * Waits until every live node follows the generation with the version loaded.
 *
 * @param version null: nothing is to be served
 * @returns the nodes that do not
 * @throws NodesNotReady where it is patient, and a node cannot load the version or time is up
 */
export async function awaitNodes(
  { store, model, generation, signal }: ServerPlace,
  version: number | null,
  { patient }: { readonly patient: boolean },
): Promise<string[]> {
  const begun = Date.now();
  for (;;) {
    const nodes = await liveNodes(store, model);
    const late = lateNodes(nodes, version, generation);
    const failedForGood = nodes.some(({ model: at }) => at.failed.some((one) => one.version === version));
    if (nodes.length > 0 && late.length === 0) return [];
    const waited = Date.now() - begun;
    if (patient && (failedForGood || waited > LOAD_WITHIN_MS)) throw new NodesNotReady(version ?? 0, waited, late);
    if (!patient && waited > LOAD_WITHIN_MS / 2) return late;
    await pause(LOOK_EVERY_MS, signal);
  }
}
