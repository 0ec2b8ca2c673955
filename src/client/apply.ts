/** Makes the configuration files current: ledgers, schedules, search attributes. The same call twice changes nothing. */
import { type ConfigDifference, configDifference } from '../config/difference.ts';
import type { Workspace } from '../config/load.ts';
import { type ConfigSnapshot, configSnapshot, configSnapshotSchema } from '../config/snapshot.ts';
import { requireMetricsThatBind } from '../evaluation/custom-metric-check.ts';
import { applyConfig, pauseModel } from '../registry/changes.ts';
import type { LedgerEntry } from '../registry/contract.ts';
import { openLedger } from '../registry/ledger.ts';
import { listModels } from '../registry/models.ts';
import { asOfNow } from '../store/clock.ts';
import { digestOf, getByDigest, putByDigest } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { HoneClient } from './connect.ts';
import { tellToLook } from './decisions.ts';
import { ApplyRefused } from './errors.ts';
import { tellOwner } from './owner.ts';
import { applySchedules, type ScheduleChange } from './schedules.ts';
import { registerSearchAttributes } from './search-attributes.ts';

export interface ModelChange {
  readonly model: string;
  /** `resumed`: its file is back. `paused`: its file is gone; what it serves stays served. */
  readonly change: 'new' | 'changed' | 'resumed' | 'paused' | 'unchanged';
  readonly config: string | null;
  readonly differences: readonly ConfigDifference[];
}

export interface Applied {
  readonly dry_run: boolean;
  readonly models: readonly ModelChange[];
  readonly schedules: readonly ScheduleChange[];
  readonly search_attributes: readonly string[];
}

interface ApplyInput {
  readonly workspace: Workspace;
  readonly store: ObjectStore;
  readonly client: HoneClient;
  /** Who asks, for the ledger. */
  readonly by: string;
  readonly dryRun?: boolean;
}

/** What a served version needs: it was trained for this task, and its log is joined by this id. */
const NEEDED = ['data.id', 'task'];

/**
 * @throws ApplyRefused before anything is written, TemporalUnreachable, StoreUnreachable; after those the same call goes
 * on where it stopped
 */
export async function applyWorkspace(input: ApplyInput): Promise<Applied> {
  const { workspace, store, client, dryRun = false } = input;
  await requireMetricsThatBind(workspace.models.values());
  await client.temporal();
  const planned = [...(await plannedModels(workspace, store)), ...(await removedModels(workspace, store))];
  refuseWhatServingNeeds(planned);
  const search_attributes = await registerSearchAttributes(client, dryRun);
  if (!dryRun) {
    const as_of = await asOfNow(store, workspace.hone.clock);
    for (const one of planned) if (one.change !== 'unchanged') await apply(input, one, as_of);
  }
  const configs = [...workspace.models.values()].map(({ config }) => config);
  const schedules = await applySchedules(client, configs, dryRun, workspace.hone.notify !== undefined);
  return {
    dry_run: dryRun,
    models: planned.map(({ head: _, snapshot: __, ...change }) => change),
    schedules,
    search_attributes,
  };
}

interface Planned extends ModelChange {
  readonly head: LedgerEntry | null;
  readonly snapshot: ConfigSnapshot | null;
}

async function plannedModels(workspace: Workspace, store: ObjectStore): Promise<Planned[]> {
  return await Promise.all(
    [...workspace.models.keys()].map(async (model): Promise<Planned> => {
      const snapshot = configSnapshot(workspace, model);
      const config = digestOf(snapshot);
      const head = await openLedger(store, model).head();
      const current = head?.state.config ?? null;
      const same = { model, config, head, snapshot, differences: [] };
      if (current === config) return { ...same, change: head?.state.paused ? 'resumed' : 'unchanged' };
      const before = current === null ? null : await getByDigest(store, 'configs', current, configSnapshotSchema);
      if (before === null) return { ...same, change: 'new' };
      return { ...same, change: 'changed', differences: configDifference(before, snapshot) };
    }),
  );
}

async function removedModels(workspace: Workspace, store: ObjectStore): Promise<Planned[]> {
  const gone = (await listModels(store)).filter((model) => !workspace.models.has(model));
  const found = await Promise.all(gone.map(async (model) => ({ model, head: await openLedger(store, model).head() })));
  return found
    .filter(({ head }) => head !== null && head.state.config !== null && !head.state.paused)
    .map(({ model, head }) => ({ model, change: 'paused', config: null, differences: [], head, snapshot: null }));
}

function refuseWhatServingNeeds(planned: readonly Planned[]): void {
  const problems = planned.flatMap(({ model, head, differences }) => {
    const champion = head?.state.aliases.champion?.version;
    if (champion === undefined) return [];
    const taken = differences.filter(({ path }) => NEEDED.includes(path));
    return taken.map(
      ({ path, from, to }) =>
        `${model}: ${path} would change from ${JSON.stringify(from)} to ${JSON.stringify(to)}, while version ${champion} is served`,
    );
  });
  if (problems.length > 0) throw new ApplyRefused(problems);
}

async function apply({ store, client, by }: ApplyInput, planned: Planned, as_of: string): Promise<void> {
  const { model, head, snapshot } = planned;
  const config = snapshot === null ? null : await putByDigest(store, 'configs', snapshot);
  await openLedger(store, model).append({
    // With the place, because a file may return to what it was before.
    effectId: `config/${config ?? 'removed'}/after-${head?.seq ?? 0}`,
    as_of,
    actor: by,
    trust: 'asserted',
    why: whyOf(planned),
    step: config === null ? pauseModel() : applyConfig(config),
  });
  await tellOwner(client, model, 'configApplied', { config });
  // A run that waits for approval: its packet may rest on what has just been changed.
  if (head?.state.activeRun) await tellToLook(client, head.state.activeRun.run);
}

function whyOf({ change, differences }: ModelChange): string {
  if (change === 'paused') return 'its file was removed';
  if (change === 'resumed') return 'its file is back';
  if (change === 'new') return 'first configuration';
  const paths = differences.map(({ path }) => path);
  return `changed: ${paths.slice(0, 12).join(', ')}${paths.length > 12 ? ` and ${paths.length - 12} more` : ''}`;
}
