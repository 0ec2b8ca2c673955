/** What all pages know of the installation at once: prediction servers and next starts, asked for now and then. */
import { nextStarts } from '../../client/next-starts.ts';
import { isHeardFrom } from '../../monitoring/checks/service-check.ts';
import type { NodeRecord } from '../../serving/contract.ts';
import { readNodes } from '../../serving/nodes.ts';
import type { Sources } from '../sources.ts';
import { keptFor } from './kept-for.ts';

/** The record of a server that died stays; after a day nobody waits for it. */
const GONE_AFTER_MS = 86_400_000;
/** A busy machine writes late; nobody is called for less than this. */
const SILENT_AFTER_MS = 30_000;
/** Starts are planned hours ahead. */
const STARTS_KEPT_MS = 60_000;
const noStarts: ReadonlyMap<string, string> = new Map();

/** By model; empty where Temporal is away: that is said elsewhere. */
export const starts = keptFor(STARTS_KEPT_MS, async (sources: Sources): Promise<ReadonlyMap<string, string>> => {
  const known = await sources.lastKnown.read('Temporal', 'next starts', () => nextStarts(sources.client));
  return known?.value ?? noStarts;
});

export interface ServedBy {
  /** Heard from lately, with the model's champion ready. */
  readonly ready: number;
  readonly silent: number;
  readonly unready: number;
  /** A sentence for each limit that a server is beyond. */
  readonly beyond: readonly string[];
}

/** The servers of each model. @throws StoreUnreachable */
export async function servedBy(sources: Sources): Promise<ReadonlyMap<string, ServedBy>> {
  const nodes = await sources.shared('nodes', () => readNodes(sources.store));
  const now = sources.now().toISOString();
  const found = new Map<string, ServedBy>();
  const known = nodes.filter(({ draining, at }) => !draining && Date.parse(now) - Date.parse(at) < GONE_AFTER_MS);
  for (const node of known)
    for (const [model, { ready }] of Object.entries(node.models))
      found.set(model, counted(found.get(model), node, isHeard(node, now), ready));
  return found;
}

function isHeard(node: NodeRecord, now: string): boolean {
  return isHeardFrom(node, now) || Date.parse(now) - Date.parse(node.at) < SILENT_AFTER_MS;
}

function counted(before: ServedBy | undefined, node: NodeRecord, heard: boolean, ready: boolean): ServedBy {
  const { ready: well = 0, silent = 0, unready = 0, beyond = [] } = before ?? {};
  return {
    ready: well + Number(heard && ready),
    silent: silent + Number(!heard),
    unready: unready + Number(heard && !ready),
    beyond: heard ? [...beyond, ...(node.beyond_limits ?? [])] : beyond,
  };
}
