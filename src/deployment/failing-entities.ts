/** Entities that meet an error, canary against champion, through all steps of a rollout: one e-process. */

import type { FailingEntities } from '../policy/rollout.ts';
import type { ArmEvidence } from '../serving/contract.ts';
import { type ArmCounts, eValue, type RateTest, startRateTest, updateRateTest } from '../statistics/e-process.ts';
import type { LiveNode } from './live-nodes.ts';

type Counters = Readonly<Record<'canary' | 'champion', ArmCounts>>;

/** JSON-able, for heartbeats. `seen`: each node's counters at the last look, by node and boot. */
export interface FailingTest {
  readonly test: RateTest;
  readonly seen: Readonly<Record<string, Counters>>;
}

/** @param before what earlier steps of the same rollout said */
export function startFailing(
  nodes: readonly LiveNode[],
  version: number,
  before: RateTest = startRateTest(),
): FailingTest {
  return { test: before, seen: Object.fromEntries(nodes.map((node) => [nameOf(node), countersOf(node, version)])) };
}

/** Folds in what the nodes counted since the last look. A node that was not seen before only starts to count here. */
export function foldFailing({ test, seen }: FailingTest, nodes: readonly LiveNode[], version: number): FailingTest {
  const increments = nodes.flatMap((node) => {
    const then = seen[nameOf(node)];
    const now = countersOf(node, version);
    return then ? [{ canary: since(now.canary, then.canary), champion: since(now.champion, then.champion) }] : [];
  });
  return {
    test: increments.reduce<RateTest>((folded, { canary, champion }) => updateRateTest(folded, canary, champion), test),
    seen: { ...seen, ...startFailing(nodes, version).seen },
  };
}

export function failingOf({ test }: FailingTest): FailingEntities {
  return { candidate: test.canary, champion: test.champion, evidence: eValue(test) };
}

const nameOf = ({ node, boot }: LiveNode): string => `${node}/${boot}`;

function countersOf({ model }: LiveNode, version: number): Counters {
  const counts = (arm: ArmEvidence | undefined): ArmCounts => ({
    trials: arm?.entities ?? 0,
    events: arm?.entities_failed ?? 0,
  });
  return {
    canary: counts(model.arms[version]),
    champion: counts(model.champion === null ? undefined : model.arms[model.champion]),
  };
}

/** An entity that was counted earlier and fails now is counted once more: events never exceed trials. */
function since(now: ArmCounts, then: ArmCounts): ArmCounts {
  const events = Math.max(0, now.events - then.events);
  return { trials: Math.max(events, now.trials - then.trials), events };
}
