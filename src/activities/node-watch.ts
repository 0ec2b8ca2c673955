/** Reading the prediction servers' records: who is alive, and what a version did since a step began. */
import type { ArmReading, StepReading } from '../policy/rollout.ts';
import type { ArmEvidence, NodeModel, NodeRecord } from '../serving/contract.ts';
import { readNodes } from '../serving/nodes.ts';
import type { ObjectStore } from '../store/object-store.ts';

export interface LiveNode {
  readonly node: string;
  readonly boot: string;
  readonly model: NodeModel;
}

const POLLS_UNTIL_DEAD = 3;
const seenBeats = new Map<string, { beat: string; movedAt: number }>();

/**
 * Nodes whose beat moved within three of their polls on this process's own clock. A node seen for the first time is
 * looked at again after three polls before it counts, unless its beat moves sooner.
 */
export async function liveNodes(store: ObjectStore, model: string): Promise<LiveNode[]> {
  let records = await readNodes(store);
  const fresh = records.filter((record) => !seenBeats.has(`${store.uri} ${record.node}`));
  note(store, records);
  if (fresh.length > 0) {
    const deadline = Date.now() + POLLS_UNTIL_DEAD * Math.max(...fresh.map((record) => record.poll_ms)) + 200;
    while (Date.now() < deadline && fresh.some((record) => !alive(store, record, true))) {
      await pause(50);
      records = await readNodes(store);
      note(store, records);
    }
  }
  return records.flatMap((record) => {
    const at = record.models[model];
    return at && !record.draining && alive(store, record, false)
      ? [{ node: record.node, boot: record.boot, model: at }]
      : [];
  });
}

function note(store: ObjectStore, records: readonly NodeRecord[]): void {
  for (const record of records) {
    const key = `${store.uri} ${record.node}`;
    const beat = `${record.boot}/${record.beat}`;
    const known = seenBeats.get(key);
    if (!known) seenBeats.set(key, { beat, movedAt: Number.NEGATIVE_INFINITY });
    else if (known.beat !== beat) seenBeats.set(key, { beat, movedAt: Date.now() });
  }
}

function alive(store: ObjectStore, record: NodeRecord, justMoved: boolean): boolean {
  const movedAt = seenBeats.get(`${store.uri} ${record.node}`)?.movedAt ?? Number.NEGATIVE_INFINITY;
  if (justMoved) return movedAt > Number.NEGATIVE_INFINITY;
  return Date.now() - movedAt <= POLLS_UNTIL_DEAD * record.poll_ms + 1000;
}

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

/** Resolves after the time, or rejects as soon as the work is cancelled. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const done = () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    };
    const timer = setTimeout(done, ms);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', stop, { once: true });
  });
}
