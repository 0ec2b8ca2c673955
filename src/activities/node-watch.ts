/** What a version did on the prediction servers since a step began, from their records. */
import { type LiveNode, liveNodes } from '../deployment/live-nodes.ts';
import type { ArmReading, StepReading } from '../policy/rollout.ts';
import type { ArmEvidence } from '../serving/contract.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Counters when a step began, by node and boot: a restarted node's counters start at zero, so nothing is subtracted. */
export interface Readings {
  readonly startedAt: number;
  readonly arms: Readonly<Record<string, Readonly<Record<string, ArmEvidence>>>>;
}

export async function startReadings(store: ObjectStore, model: string): Promise<Readings> {
  const nodes = await liveNodes(store, model);
  return {
    startedAt: Date.now(),
    arms: Object.fromEntries(nodes.map((node) => [`${node.node}/${node.boot}`, node.model.arms])),
  };
}

export async function reading(
  store: ObjectStore,
  model: string,
  begun: Readings,
  version: number,
  bake: boolean,
): Promise<StepReading> {
  const nodes = await liveNodes(store, model);
  const champion = bake ? null : (nodes[0]?.model.champion ?? null);
  const sum = (of: number) => total(nodes.map((node) => since(node, begun, of)));
  return {
    candidate: sum(version),
    champion: champion === null ? null : sum(champion),
    failedToLoad: nodes.flatMap(({ node, model: at }) =>
      at.failed.filter((one) => one.version === version).map((one) => `${node}: ${one.reason}`),
    ),
    elapsedMs: Date.now() - begun.startedAt,
  };
}

interface Delta {
  readonly requests: number;
  readonly errors: number;
  readonly nan: number;
  readonly calls: number;
  readonly latency: number;
  readonly disagreement: number | null;
}

function since(node: LiveNode, begun: Readings, version: number): Delta {
  const now = node.model.arms[version];
  const then = begun.arms[`${node.node}/${node.boot}`]?.[version];
  const calls = (arm: ArmEvidence | undefined) => arm?.latency.reduce((sum, count) => sum + count, 0) ?? 0;
  return {
    requests: (now?.requests ?? 0) - (then?.requests ?? 0),
    errors: (now?.errors ?? 0) - (then?.errors ?? 0),
    nan: (now?.nan ?? 0) - (then?.nan ?? 0),
    calls: calls(now) - calls(then),
    latency: (now?.latency_sum_ms ?? 0) - (then?.latency_sum_ms ?? 0),
    disagreement: now?.max_disagreement ?? null,
  };
}

function total(deltas: readonly Delta[]): ArmReading {
  const sum = (of: (delta: Delta) => number) => deltas.reduce((all, delta) => all + of(delta), 0);
  const calls = sum((delta) => delta.calls);
  const differences = deltas.flatMap((delta) => (delta.disagreement === null ? [] : [delta.disagreement]));
  return {
    requests: sum((delta) => delta.requests),
    errors: sum((delta) => delta.errors),
    nan: sum((delta) => delta.nan),
    calls,
    meanLatencyMs: calls > 0 ? sum((delta) => delta.latency) / calls : null,
    maxDisagreement: differences.length > 0 ? Math.max(...differences) : null,
  };
}
