/** Configuration values that remember where they were written, and the deep merge behind `extends`. */
import type { Path, Place } from './problems.ts';

/** `at`: place of the value. `keyAt`: place of its key or list item, for "unknown key". */
export type Tree = { readonly at: Place; readonly keyAt: Place } & (
  | { readonly kind: 'map'; readonly entries: ReadonlyMap<string, Tree> }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | { readonly kind: 'scalar'; readonly value: unknown }
);

export type MapTree = Extract<Tree, { kind: 'map' }>;

/**
 * Deep merge: records are merged key by key, lists and scalars are replaced. Two records that both name a different
 * `type` are alternatives, not parts of one thing, so the later one replaces the earlier one.
 */
export function merge(under: Tree, over: Tree): Tree {
  if (under.kind !== 'map' || over.kind !== 'map' || differentType(under, over)) return over;
  const entries = new Map(under.entries);
  for (const [key, value] of over.entries) {
    const inherited = under.entries.get(key);
    entries.set(key, inherited === undefined ? value : merge(inherited, value));
  }
  return { ...over, entries };
}

function differentType(under: MapTree, over: MapTree): boolean {
  const [a, b] = [under.entries.get('type'), over.entries.get('type')];
  return a?.kind === 'scalar' && b?.kind === 'scalar' && a.value !== b.value;
}

/** The plain value, safe to hand to zod: own keys only. */
export function plain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plain);
  return Object.fromEntries([...tree.entries].map(([key, value]) => [key, plain(value)]));
}

/** The node at a path, or the nearest one above it that exists. */
export function descend(tree: Tree, path: Path): { node: Tree; found: boolean } {
  let node = tree;
  for (const part of path) {
    const next =
      node.kind === 'map'
        ? node.entries.get(String(part))
        : node.kind === 'list'
          ? node.items[Number(part)]
          : undefined;
    if (next === undefined) return { node, found: false };
    node = next;
  }
  return { node, found: true };
}

/** Every effective value with its place: scalars, and lists and empty records as a whole. */
export function* leaves(tree: Tree, path: Path = []): Generator<{ path: Path; value: unknown; at: Place }> {
  if (tree.kind === 'map' && tree.entries.size > 0) {
    for (const [key, value] of tree.entries) yield* leaves(value, [...path, key]);
  } else {
    yield { path, value: plain(tree), at: tree.at };
  }
}
