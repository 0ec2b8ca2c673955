/** The defaults that came with this hone: the ground under every model file, for settings that no file of a workspace names. */
import { readFileSync } from 'node:fs';
import { type MapTree, merge } from './tree.ts';
import { readYaml } from './yaml-file.ts';

/** How their lines are named; no path of a workspace looks like it. */
export const SHIPPED_FILE = '<hone>/config/defaults.yaml';

let read: MapTree | undefined;

export function shippedDefaults(): MapTree {
  read ??= readYaml(SHIPPED_FILE, readFileSync(new URL('../../config/defaults.yaml', import.meta.url), 'utf8')).tree;
  if (read === undefined) throw new Error(`${SHIPPED_FILE} cannot be read.`);
  return read;
}

/** A workspace keeps a copy of the defaults from the day it was made; what a later hone knows besides is taken from here. */
export function withShipped(tree: MapTree): MapTree {
  return merge(shippedDefaults(), tree) as MapTree;
}
