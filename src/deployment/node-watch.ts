/** What a version did on the prediction servers since a step began, from their records. */

import { psi } from '../drift/distances.ts';
import { checkService } from '../monitoring/checks/service-check.ts';
import type { ArmReading, ScoresApart, StepReading } from '../policy/rollout.ts';
import type { ArmEvidence, ShadowEvidence } from '../serving/contract.ts';
import type { ServiceLimits } from '../serving/service-limits.ts';
import type { RateTest } from '../statistics/e-process.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type FailingTest, failingOf, foldFailing, startFailing } from './failing-entities.ts';
import { type LiveNode, liveNodes } from './live-nodes.ts';

/** Counters when a step began, by node and boot: a restarted node's counters start at zero, so nothing is subtracted. */
export interface Readings {
  readonly startedAt: number;
  readonly arms: Readonly<Record<string, Readonly<Record<string, ArmEvidence>>>>;
  /** What was beyond its limit already, such as memory: not the step's doing. */
  readonly beyond?: readonly string[];
  /** Absent where both arms do not answer entities of their own: a shadow, or the bake after promotion. */
  readonly failing?: FailingTest;
}

export async function startReadings(
  store: ObjectStore,
  model: string,
  limits: ServiceLimits | undefined,
  compared?: { readonly version: number; readonly before: RateTest | undefined },
): Promise<Readings> {
  const nodes = await liveNodes(store, model);
  return {
    startedAt: Date.now(),
    beyond: beyondServiceLimits(nodes, limits).map(({ subject }) => subject),
    arms: Object.fromEntries(nodes.map((node) => [`${node.node}/${node.boot}`, node.model.arms])),
    ...(compared && { failing: startFailing(nodes, compared.version, compared.before) }),
  };
}

export interface Watched {
  readonly version: number;
  readonly bake: boolean;
  /** `monitoring.service` of the model. */
  readonly limits: ServiceLimits | undefined;
}

/**
 * @returns with what the next look needs
 */
export async function reading(
  store: ObjectStore,
  model: string,
  begun: Readings,
  of: Watched,
): Promise<StepReading & { readonly begun: Readings }> {
  return readingOf(await liveNodes(store, model), begun, of, Date.now());
}

/** @param nodes those that live @param now of this process's own clock, in milliseconds */
export function readingOf(
  nodes: readonly LiveNode[],
  begun: Readings,
  of: Watched,
  now: number,
): StepReading & { readonly begun: Readings } {
  const { version, bake } = of;
  const champion = bake ? null : (nodes[0]?.model.champion ?? null);
  const deltas = nodes.map((node) => since(node, begun, version));
  const sum = (other: number) => total(nodes.map((node) => since(node, begun, other)));
  const failing = begun.failing && foldFailing(begun.failing, nodes, version);
  return {
    begun: failing ? { ...begun, failing } : begun,
    failing: failing ? failingOf(failing) : null,
    candidate: total(deltas),
    scores: scoresApart(deltas.flatMap(({ shadow }) => shadow ?? [])),
    beyondLimits: beyondServiceLimits(nodes, of.limits).flatMap(({ subject, sentence }) =>
      begun.beyond?.includes(subject) ? [] : [sentence],
    ),
    champion: champion === null ? null : sum(champion),
    failedToLoad: nodes.flatMap(({ node, model: at }) =>
      at.failed.filter((one) => one.version === version).map((one) => `${node}: ${one.reason}`),
    ),
    elapsedMs: now - begun.startedAt,
  };
}

/**
 * Latency and errors only: those a version can cause. Each node by its own clock, because its beat has shown that it lives.
 */
export function beyondServiceLimits(
  nodes: readonly LiveNode[],
  limits: ServiceLimits | undefined,
): { readonly subject: string; readonly sentence: string }[] {
  return nodes.flatMap(({ node, record }) =>
    checkService([record], limits, record.at).findings.filter(
      ({ subject, state }) => state === 'broken' && [`${node} latency`, `${node} errors`].includes(subject),
    ),
  );
}

interface Delta {
  readonly requests: number;
  readonly errors: number;
  readonly nan: number;
  readonly calls: number;
  readonly latency: number;
  readonly disagreement: number | null;
  readonly checked: number;
  readonly shadow: ShadowEvidence | null;
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
    checked: now?.rows_checked ?? 0,
    shadow: now?.shadow ? shadowSince(now.shadow, then?.shadow) : null,
  };
}

function shadowSince(now: ShadowEvidence, then: ShadowEvidence | undefined): ShadowEvidence {
  const less = (counts: readonly number[], before: readonly number[] = []) =>
    counts.map((count, i) => count - (before[i] ?? 0));
  return {
    requests: now.requests - (then?.requests ?? 0),
    compared: now.compared - (then?.compared ?? 0),
    difference: now.difference - (then?.difference ?? 0),
    absolute: now.absolute - (then?.absolute ?? 0),
    champion_tenths: less(now.champion_tenths, then?.champion_tenths),
    tenths: less(now.tenths, then?.tenths),
  };
}

function scoresApart(shadows: readonly ShadowEvidence[]): ScoresApart | null {
  const sum = (of: (one: ShadowEvidence) => number) => shadows.reduce((all, one) => all + of(one), 0);
  const tenths = (of: (one: ShadowEvidence) => readonly number[]) =>
    Array.from({ length: 10 }, (_, i) => sum((one) => of(one)[i] ?? 0));
  const requests = sum(({ compared }) => compared);
  if (requests === 0) return null;
  const moved = psi(
    tenths((one) => one.champion_tenths),
    tenths((one) => one.tenths),
  );
  return {
    requests,
    meanDifference: sum(({ difference }) => difference) / requests,
    meanAbsolute: sum(({ absolute }) => absolute) / requests,
    psi: Number.isNaN(moved) ? null : moved,
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
    asShadow: sum((delta) => delta.shadow?.requests ?? 0),
    rowsChecked: sum((delta) => delta.checked),
    maxDisagreement: differences.length > 0 ? Math.max(...differences) : null,
  };
}
