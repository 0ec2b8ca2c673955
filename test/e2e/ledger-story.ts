/** What the ledger tells of one way from approval to rollback, so that two ways can be held beside each other. */
import type { LedgerEntry } from '../../src/registry/contract.ts';
import type { Town } from '../town.ts';

export interface Way {
  /** Of the ledger before the run began. */
  readonly after: number;
  readonly run: string;
  /** The version that was promoted and rolled back. */
  readonly version: number;
}

/**
 * Every entry of the way with every field, but for what has to differ between two of them: time, place in the chain,
 * digests, the run's own name and numbers, by how much its version is better, and the trust in the name, which is the
 * channel's.
 */
export async function storyOf(town: Town, way: Way): Promise<unknown[]> {
  const entries: LedgerEntry[] = [];
  for await (const entry of town.ledger.entries(way.after)) {
    const back = entry.change.kind === 'rolled_back';
    if (back || entry.effectId.startsWith(`${way.run}/`)) entries.push(entry);
    if (back) break;
  }
  return entries.map(({ effectId, actor, why, change, state }) =>
    alike({ effectId, actor, why, change, champion: state.aliases.champion?.version, arms: state.routing.arms }, way),
  );
}

function alike(value: unknown, { run, version }: Way): unknown {
  const named = (text: string) =>
    text
      .replaceAll(run, 'RUN')
      .replace(/\b[0-9a-f]{64}\b/g, 'DIGEST')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
      .replace(/(?<=^rollback\/[^/]+\/)[^/]+/, 'ID')
      .replace(/^(non_inferior|better)$/, 'VERDICT')
      .replace(new RegExp(`(?<=version |-|/v)${version}\\b`, 'gi'), 'NEW')
      .replace(new RegExp(`(?<=version |-|/v)${version - 1}\\b`, 'gi'), 'JUDGED');
  const walk = (one: unknown): unknown => {
    if (typeof one === 'string') return named(one);
    if (one === version) return 'NEW';
    if (one === version - 1) return 'JUDGED';
    if (Array.isArray(one)) return one.map(walk);
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([key, inner]) => [key, walk(inner)]));
  };
  return walk(value);
}
