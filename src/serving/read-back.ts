/** Who follows a change of routing: every prediction server that has a record, the silent ones by name. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectStore } from '../store/object-store.ts';
import { readNodes } from './nodes.ts';

export interface Wanted {
  readonly version: number;
  readonly generation: number;
}

export interface ReadBack {
  /** Servers that answer with the version now. */
  readonly following: readonly string[];
  /** Alive, and not there yet; and those whose beat stands still. With the version that each said last. */
  readonly late: readonly NodeAt[];
  readonly unreachable: readonly NodeAt[];
}

export interface NodeAt {
  readonly node: string;
  readonly version: number | null;
}

const LOOK_EVERY_MS = 100;
/** As everywhere: a beat that stood still for three polls. */
const POLLS_UNTIL_DEAD = 3;
const SLACK_MS = 500;

/** Until every server that is alive has followed, at most `withinMs`; time is this process's own. */
export async function readBack(store: ObjectStore, model: string, wanted: Wanted, withinMs: number): Promise<ReadBack> {
  const started = performance.now();
  const beats = new Map<string, { beat: string; at: number }>();
  for (;;) {
    const now = performance.now();
    const [following, late, unreachable]: [string[], NodeAt[], NodeAt[]] = [[], [], []];
    let undecided = false;
    for (const { node, boot, beat, poll_ms, draining, models } of await readNodes(store)) {
      const at = models[model];
      if (at === undefined || draining) continue;
      const known = beats.get(node);
      const latest = `${boot}/${beat}`;
      if (known?.beat !== latest) beats.set(node, { beat: latest, at: now });
      // Whoever follows a generation that is new has spoken just now.
      if (at.generation >= wanted.generation && at.champion === wanted.version) following.push(node);
      else {
        const silent = now - (beats.get(node)?.at ?? now) > POLLS_UNTIL_DEAD * poll_ms + SLACK_MS;
        (silent ? unreachable : late).push({ node, version: at.champion });
        undecided ||= !silent;
      }
    }
    if (!undecided || now - started > withinMs) return { following, late, unreachable };
    await sleep(LOOK_EVERY_MS);
  }
}

/** Such as `2 of 3 nodes; c is unreachable, still at 12`. */
export function readBackText({ following, late, unreachable }: ReadBack): string {
  const all = following.length + late.length + unreachable.length;
  if (all === 0) return 'no node, because none is there';
  const at = ({ node, version }: NodeAt, what: string) => `${node} ${what}still at ${version ?? 'none'}`;
  const missing = [...late.map((one) => at(one, 'is ')), ...unreachable.map((one) => at(one, 'is unreachable, '))];
  return [`${following.length} of ${all} nodes`, ...missing].join('; ');
}
