/** Between train and evaluate: the candidate becomes a version, its manifest written last. */
import { join } from 'node:path';
import type { z } from 'zod';
import { readFeatureColumns } from '../data/columns.ts';
import type { FeatureSnapshot, SnapshotRef } from '../data/contract.ts';
import { definitionFor } from '../data/features/definition.ts';
import { readSnapshot } from '../data/snapshots.ts';
import { referenceProfile } from '../drift/reference.ts';
import { classRateKey } from '../evaluation/classes.ts';
import { registerVersion, rejectVersion } from '../registry/changes.ts';
import type { VersionManifest } from '../registry/contract.ts';
import { LedgerConflict } from '../registry/errors.ts';
import { openLedger } from '../registry/ledger.ts';
import { allocateVersion, listVersions, writeVersion } from '../registry/versions.ts';
import { FEATURE_DEFINITION_FILE, type servedDefinition } from '../serving/contract.ts';
import { canonicalJson, fetchBlob, getDocument, putBlob, putByDigest } from '../store/content.ts';
import { keptSearch } from '../training/search/kept.ts';
import type { RunRef } from '../workflows/contract.ts';
import { activity, type Work } from './boundary.ts';
import { configOf, type Deps } from './deps.ts';
import { effectOf, writeForRun } from './ledger.ts';
import { type Trained, type TrainedModel, trainedModel } from './train.ts';

interface Registration {
  readonly features: SnapshotRef;
  readonly trained: Trained;
  /** For a refit: the version that was judged. */
  readonly twin: number | null;
}

export const registerActivities = (deps: Deps) => ({
  register: activity(deps, async (work, run: RunRef, order: Registration): Promise<{ version: number }> => {
    const ledger = openLedger(deps.store, run.model);
    const effect = `register/${order.twin === null ? 'candidate' : 'refit'}`;
    const trained = await getDocument(deps.store, order.trained.key, trainedModel);
    const state = await ledger.state();
    const earlier = await ledger.find(effectOf(run, effect), run.seq);
    const from = earlier?.change.kind === 'version_registered' ? earlier.change.version : state.nextVersion;
    const version = await allocateVersion(deps.store, run.model, from, { run: run.run, refit: trained.refit });
    const champion = state.aliases.champion?.version ?? null;
    const manifest = await writeVersion(
      deps.store,
      await manifestOf(deps, work, run, order, trained, version, champion),
    );
    const smaller = trained.out_of_memory === undefined ? '' : `, with smaller settings: ${trained.out_of_memory}`;
    const made = order.twin === null ? 'trained by this run' : `refit of version ${order.twin} on all mature rows`;
    const why = `${made}${smaller}`;
    await writeForRun(deps, run, { effect, why, step: registerVersion({ version, run: run.run, manifest }) });
    work.log.info({ version }, why);
    return { version };
  }),

  /** Undo of `register`: whatever this run registered and nobody serves is marked rejected. */
  rejectVersions: activity(deps, async (_work, run: RunRef, reason: string) => {
    const listed = await listVersions(deps.store, run.model);
    const own = listed.filter((one) => one.run === run.run).map((one) => one.version);
    const rejected: number[] = [];
    for (const version of own) {
      try {
        const step = rejectVersion({ version, reason });
        await writeForRun(deps, run, { effect: `undo/reject-${version}`, why: reason, step, fenced: false });
        rejected.push(version);
      } catch (error) {
        if (!(error instanceof LedgerConflict)) throw error; // somebody serves it by now: it is not ours to withdraw
      }
    }
    const sentence = rejected.length > 0 ? `version ${rejected.join(' and ')} rejected.` : 'no version to reject.';
    return { result: rejected.length > 0 ? ('restored' as const) : ('nothing_to_do' as const), sentence };
  }),
});

async function manifestOf(
  deps: Deps,
  work: Work,
  run: RunRef,
  order: Registration,
  trained: TrainedModel,
  version: number,
  champion: number | null,
): Promise<VersionManifest> {
  const { model } = await configOf(deps, run.config);
  const features = await readSnapshot(deps.store, order.features.digest, 'features');
  const fitted = features.parts.filter((one) => one.part === 'train' || one.part === 'refit');
  const paths = await Promise.all(fitted.map((one) => fetchBlob(deps.store, one.file.sha256, deps.cacheDir)));
  const rows = await readFeatureColumns(paths, { numeric: [], categorical: [] });
  const search = await keptSearch(deps.store, run.model, run.run);
  const labelMean = rows.label.reduce((sum, label) => sum + label, 0) / Math.max(rows.rows, 1);
  const profile = await referenceProfile({
    paths,
    numeric: features.numeric,
    categorical: features.categorical,
    workDir: join(deps.scratchDir, run.run, `profile-${work.attempt}`),
    timeColumn: '_event_time',
    name: 'training rows',
  });
  return {
    contract: 1,
    model: run.model,
    version,
    run: run.run,
    trigger: run.trigger,
    as_of: run.as_of,
    registered_at: new Date().toISOString(),
    ...(run.retry ? { retry_of: run.retry } : {}),
    code: deps.code,
    config: run.config,
    data: { raw: features.raw, features: order.features.digest, definition: features.definition },
    params: trained.params ?? model.training.params,
    seed: model.training.seed,
    trainer: trained.trainer,
    environment: trained.environment,
    geometry: features.geometry,
    fit_end: trained.refit === 'full' ? features.geometry.mature_before : features.geometry.fit_end,
    refit: trained.refit,
    twin: order.twin,
    metrics: {
      ...trained.metrics,
      train_rows: rows.rows,
      train_label_mean: labelMean,
      ...(model.task === 'multiclass' ? classShares(rows.label) : {}),
      mature_labels: features.mature_labels,
      ...(trained.rounds === null ? {} : { best_iteration: trained.rounds }),
    },
    ...(Object.keys(trained.importance).length === 0 ? {} : { importance: trained.importance }),
    ...(search ? { search } : {}),
    files: [...trained.files, await servedDefinitionFile(deps, run, features), ...lookupFiles(features)],
    signature: trained.signature,
    golden: trained.golden,
    reference_profile: await putByDigest(deps.store, 'profiles', profile),
    champion,
  };
}

/** Joins and windows as of this run, so that the version can serve alone until newer ones are published. */
function lookupFiles({ lookups = [] }: FeatureSnapshot): VersionManifest['files'] {
  return lookups.map(({ file: { name, sha256, bytes } }) => ({ name, sha256, bytes }));
}

/** How serving turns a raw row into the model's input: the same expressions, typed by the snapshot's columns. */
async function servedDefinitionFile(deps: Deps, run: RunRef, features: FeatureSnapshot) {
  const { model } = await configOf(deps, run.config);
  const raw = await readSnapshot(deps.store, features.raw, 'raw');
  const definition = definitionFor(model, raw);
  const hidden = new Set(definition.hidden);
  const served: z.input<typeof servedDefinition> = {
    definition: {
      ...definition,
      hidden: [...definition.hidden],
      numeric: [...definition.numeric],
      categorical: [...definition.categorical],
      columns: definition.columns.map((column) => ({ ...column })),
    },
    ...(features.lookups ? { lookups: features.lookups } : {}),
    ...(model.features.precomputed ? { precomputed: raw.producer } : {}),
    raw_types: Object.fromEntries(
      raw.columns.filter((one) => !hidden.has(one.name)).map((one) => [one.name, one.type]),
    ),
    id: model.data.id,
    entity: model.data.entity,
    event_time: model.data.event_time,
    threshold: model.task === 'binary' ? model.gate.decision.threshold : null,
  };
  return await putBlob(deps.store, new TextEncoder().encode(canonicalJson(served)), FEATURE_DEFINITION_FILE);
}

function classShares(labels: Float64Array): Record<string, number> {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const values = [...counts.keys()].sort((a, b) => a - b);
  return Object.fromEntries(values.map((value) => [classRateKey(value), (counts.get(value) ?? 0) / labels.length]));
}
