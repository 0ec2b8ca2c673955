/** What differs between two configurations of a model, value by value. */
import type { ConfigSnapshot } from './snapshot.ts';

export interface ConfigDifference {
  /** Such as `gate.floors.roc_auc`. */
  readonly path: string;
  /** Absent where there was, or will be, no such value. */
  readonly from?: unknown;
  readonly to?: unknown;
}

/** In the order of the paths. Lists are one value: an entry that moved says little. */
export function configDifference(from: ConfigSnapshot | null, to: ConfigSnapshot): ConfigDifference[] {
  const before = new Map(from === null ? [] : leaves(from));
  const after = new Map(leaves(to));
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => JSON.stringify(before.get(path)) !== JSON.stringify(after.get(path)))
    .sort()
    .map((path) => ({
      path,
      ...(before.has(path) ? { from: before.get(path) } : {}),
      ...(after.has(path) ? { to: after.get(path) } : {}),
    }));
}

function leaves({ model, groups, people = {} }: ConfigSnapshot): [path: string, value: unknown][] {
  return [...walk(model, ''), ...walk(groups, 'groups'), ...walk(people, 'people')];
}

function* walk(value: unknown, path: string): Generator<[string, unknown]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) yield [path, value];
  else for (const [name, child] of Object.entries(value)) yield* walk(child, path === '' ? name : `${path}.${name}`);
}
