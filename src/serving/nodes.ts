/** Node records: what each serving node says about itself, in an object of its own at `nodes/<node>.json`. */
import { parseDocument } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type NodeRecord, nodeRecord } from './contract.ts';

const PREFIX = 'nodes/';

/** Records of nodes that are long dead are still there: whether one is live shows in its `beat` moving. */
export async function readNodes(store: ObjectStore): Promise<NodeRecord[]> {
  const keys: string[] = [];
  for await (const key of store.list(PREFIX)) if (key.endsWith('.json')) keys.push(key);
  const records = await Promise.all(
    keys.map(async (key) => {
      const body = await store.find(key); // gone since the listing: the node closed
      return body && parseDocument(store, key, body, nodeRecord);
    }),
  );
  return records.filter((record) => record !== undefined);
}

export async function writeNode(store: ObjectStore, record: NodeRecord): Promise<void> {
  await store.put(nodeKey(record.node), Buffer.from(JSON.stringify(record)));
}

/** A node that closes in order takes its record with it. */
export async function removeNode(store: ObjectStore, node: string): Promise<void> {
  await store.remove(nodeKey(node));
}

function nodeKey(node: string): string {
  return `${PREFIX}${node}.json`;
}
