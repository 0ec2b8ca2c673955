/** What a run is given of the configuration at its start; it is stored by content, and its digest names it. */
import { z } from 'zod';
import { ModelUnknown } from './errors.ts';
import type { Workspace } from './load.ts';
import { modelConfig } from './model.ts';
import { slug } from './values.ts';

export const configSnapshotSchema = z.strictObject({
  model: modelConfig,
  /** Only the groups that may approve this model: a change to another team's group is no change of this model. */
  groups: z.record(slug, z.array(z.string())),
});
export type ConfigSnapshot = z.output<typeof configSnapshotSchema>;

/** Store it with `putByDigest(store, 'configs', configSnapshot(workspace, name))`. @throws ModelUnknown */
export function configSnapshot(workspace: Workspace, name: string): ConfigSnapshot {
  const loaded = workspace.models.get(name);
  if (loaded === undefined) throw new ModelUnknown(name, [...workspace.models.keys()], undefined);
  const from = [...loaded.config.approval.otherwise.from].sort();
  const groups = Object.fromEntries(from.map((group) => [group, workspace.hone.groups[group] ?? []]));
  return { model: loaded.config, groups };
}
