/** Which prediction servers are alive: their records, watched on this process's own clock. */
import type { NodeModel, NodeRecord } from '../serving/contract.ts';
import { readNodes } from '../serving/nodes.ts';
import type { ObjectStore } from '../store/object-store.ts';

export interface LiveNode {
  readonly node: string;
  readonly boot: string;
  readonly model: NodeModel;
  readonly record: NodeRecord;
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
      ? [{ node: record.node, boot: record.boot, model: at, record }]
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
