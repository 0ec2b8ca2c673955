/** What a run is given of the configuration at its start; it is stored by content, and its digest names it. */
import { z } from 'zod';
import { ModelUnknown } from './errors.ts';
import { people } from './hone.ts';
import type { Workspace } from './load.ts';
import { type ModelConfig, modelConfig } from './model.ts';
import { shippedDefaults } from './shipped.ts';
import { plain } from './tree.ts';
import { slug } from './values.ts';

/**
 * A snapshot lives for years, and a later hone knows settings that it does not have. They are read as the defaults that
 * came with them, which a new setting makes those of before: the stored bytes, and so the digest, stay as they are.
 */
export const configSnapshotSchema = z.strictObject({
  model: z.preprocess((stored) => filled(stored, plain(shippedDefaults())), modelConfig),
  /** Only the groups that may approve this model: a change to another team's group is no change of this model. */
  groups: z.record(slug, z.array(z.string())),
  /** Keys of the people in these groups, where anybody has one. */
  people: people.optional(),
});
export type ConfigSnapshot = z.output<typeof configSnapshotSchema>;

/** Store it with `putByDigest(store, 'configs', configSnapshot(workspace, name))`. @throws ModelUnknown */
export function configSnapshot(workspace: Workspace, name: string): ConfigSnapshot {
  const loaded = workspace.models.get(name);
  if (loaded === undefined) throw new ModelUnknown(name, [...workspace.models.keys()], undefined);
  const from = approvingGroups(loaded.config).sort();
  const groups = Object.fromEntries(from.map((group) => [group, workspace.hone.groups[group] ?? []]));
  const members = new Set(Object.values(groups).flat());
  const enrolled = Object.entries(workspace.hone.people ?? {}).filter(([name]) => members.has(name));
  return { model: loaded.config, groups, ...(enrolled.length > 0 ? { people: Object.fromEntries(enrolled) } : {}) };
}

/** Every group that may decide about a model, each once: approvers, those of the escalation, those who may break glass. */
export function approvingGroups({ approval: { otherwise, break_glass } }: ModelConfig): string[] {
  const later = otherwise.escalate === 'never' ? [] : otherwise.escalate.to;
  const alone = break_glass === 'never' ? [] : break_glass.from;
  return [...new Set([...otherwise.from, ...later, ...alone])];
}

/** `stored` with the keys that only `below` has; whatever is stored wins, lists and null included. */
function filled(stored: unknown, below: unknown): unknown {
  if (stored === undefined) return below;
  if (!isRecord(stored) || !isRecord(below)) return stored;
  const missing = Object.entries(below).filter(([key]) => !Object.hasOwn(stored, key));
  const own = Object.entries(stored).map(([key, value]) => [key, filled(value, below[key])]);
  return Object.fromEntries([...own, ...missing]);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
