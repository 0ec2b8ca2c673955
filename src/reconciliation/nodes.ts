/** Prediction servers that live: their beat moves while we look. Clocks of other machines are not asked. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeRecord } from '../serving/contract.ts';
import { readNodes } from '../serving/nodes.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { NodeFact } from './contract.ts';

const POLLS_UNTIL_DEAD = 3;
const LONGEST_WAIT_MS = 10_000;

/** Waits three polls at most, and not at all where no node ever wrote a record. */
export async function livingNodes(store: ObjectStore): Promise<NodeRecord[]> {
  const before = await readNodes(store);
  if (before.length === 0) return [];
  const known = new Map(before.map((record) => [record.node, beatOf(record)]));
  const polls = Math.max(...before.map(({ poll_ms }) => poll_ms));
  const deadline = Date.now() + Math.min(LONGEST_WAIT_MS, POLLS_UNTIL_DEAD * polls + 200);
  for (;;) {
    await sleep(Math.min(200, polls));
    const records = await readNodes(store);
    const moved = records.filter((record) => known.get(record.node) !== beatOf(record));
    if (moved.length >= known.size || Date.now() >= deadline) return moved.filter(({ draining }) => !draining);
  }
}

const beatOf = ({ boot, beat }: NodeRecord): string => `${boot}/${beat}`;

export function nodesOf(records: readonly NodeRecord[], model: string): NodeFact[] {
  return records.flatMap(({ node, boot, models }) => {
    const at = models[model];
    return at ? [{ node, boot, generation: at.generation, champion: at.champion, failed: at.failed }] : [];
  });
}
