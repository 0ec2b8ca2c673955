/** Stage features: the same SQL that serving runs, over the windows of the geometry. */
import { join } from 'node:path';
import type { SnapshotRef } from '../data/contract.ts';
import { buildFeatures, buildRefitFeatures } from '../data/features/build.ts';
import { readSnapshot } from '../data/snapshots.ts';
import { windowGeometry } from '../evaluation/geometry.ts';
import { refreshLookups } from '../registry/served-lookups.ts';
import type { RunRef } from '../workflows/contract.ts';
import { activity, type Work } from './boundary.ts';
import { configOf, type Deps } from './deps.ts';

export const featureActivities = (deps: Deps) => {
  const inputOf = async (work: Work, run: RunRef, raw: SnapshotRef, name: string) => {
    const { model } = await configOf(deps, run.config);
    const { window } = await readSnapshot(deps.store, raw.digest, 'raw');
    return {
      store: deps.store,
      config: model,
      raw: raw.digest,
      asOf: run.as_of,
      geometry: windowGeometry(model, run.as_of, window.from),
      cacheDir: deps.cacheDir,
      workDir: join(deps.scratchDir, run.run, `${name}-${work.attempt}`),
      signal: work.signal,
    };
  };
  return {
    /** Also brings the joins and windows of what is served up to date: this data was accepted. */
    features: activity(deps, async (work, run: RunRef, raw: SnapshotRef): Promise<SnapshotRef> => {
      const input = await inputOf(work, run, raw, 'features');
      const { ref } = await buildFeatures(input);
      for (const { version, problem } of await refreshLookups(input)) {
        if (problem === null) work.log.info({ version }, 'joins and windows of a served version are as of now');
        else work.log.warn({ version, problem }, 'a served version keeps its older joins and windows');
      }
      return ref;
    }),

    /** All mature rows: what a refit trains on after the gate. */
    refitFeatures: activity(deps, async (work, run: RunRef, raw: SnapshotRef): Promise<SnapshotRef> => {
      return (await buildRefitFeatures(await inputOf(work, run, raw, 'refit-features'))).ref;
    }),
  };
};
