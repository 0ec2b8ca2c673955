/** Reads a file and everything that it extends, and merges them; the nearest file wins. */
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import type { Place, Problem } from './problems.ts';
import type { MapTree } from './tree.ts';
import { merge } from './tree.ts';
import { readYaml } from './yaml-file.ts';

const MAX_CHAIN = 8;

export interface Extended {
  /** Undefined where a file of the chain cannot be read. */
  readonly tree: MapTree | undefined;
  readonly problems: Problem[];
}

/**
 * @param dir the workspace; no file outside it is read
 * @param file relative to the workspace
 */
export async function readExtended(dir: string, file: string): Promise<Extended> {
  return follow(dir, file, undefined, []);
}

async function follow(dir: string, file: string, from: Place | undefined, chain: readonly string[]): Promise<Extended> {
  const read = await readText(dir, file, from);
  if (typeof read !== 'string') return { tree: undefined, problems: [read] };
  const { tree, problems } = readYaml(file, read);
  if (tree === undefined) return { tree, problems };

  const entries = new Map(tree.entries);
  const link = entries.get('extends');
  entries.delete('extends');
  const own: MapTree = { ...tree, entries };
  if (link === undefined) return { tree: own, problems };

  const target = link.kind === 'scalar' && typeof link.value === 'string' ? link.value : undefined;
  const wrong =
    target === undefined ? 'must be the path of one file, relative to this one' : refuse(dir, file, target, chain);
  if (target === undefined || wrong !== undefined) {
    return { tree: own, problems: [...problems, { ...link.at, path: 'extends', message: wrong ?? '' }] };
  }
  const base = await follow(dir, relativeTo(dir, file, target), link.at, [...chain, file]);
  return {
    tree: base.tree === undefined ? undefined : (merge(base.tree, own) as MapTree),
    problems: [...base.problems, ...problems],
  };
}

function relativeTo(dir: string, file: string, target: string): string {
  return relative(dir, resolve(dir, dirname(file), target))
    .split(sep)
    .join('/');
}

function refuse(dir: string, file: string, target: string, chain: readonly string[]): string | undefined {
  if (isAbsolute(target)) return `must be relative to this file; read ${JSON.stringify(target)}`;
  const next = relativeTo(dir, file, target);
  if (next.startsWith('../') || isAbsolute(next)) return `${next} lies outside the workspace`;
  if ([...chain, file].includes(next))
    return `files extend each other in a circle: ${[...chain, file, next].join(' → ')}`;
  return chain.length >= MAX_CHAIN ? `more than ${MAX_CHAIN} files extend one another` : undefined;
}

async function readText(dir: string, file: string, from: Place | undefined): Promise<string | Problem> {
  try {
    return await readFile(resolve(dir, file), 'utf8');
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    return {
      ...(from ?? { file, line: 1, column: 1 }),
      path: from === undefined ? '' : 'extends',
      message: `cannot read ${file}: ${reason}`,
    };
  }
}
