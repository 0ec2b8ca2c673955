/** Stage features: the same SQL that serving runs, over the windows of the geometry. */
import { join } from 'node:path';
import type { SnapshotRef } from '../data/contract.ts';
import { buildFeatures, buildRefitFeatures } from '../data/features/build.ts';
import { chooseTrainingWindow, keepTrainingWindow, keptTrainingWindow } from '../data/features/training-window.ts';
import { readSnapshot } from '../data/snapshots.ts';
import { windowGeometry } from '../evaluation/geometry.ts';
import { refreshLookups } from '../registry/served-lookups.ts';
import type { RunRef } from '../workflows/contract.ts';
import { dataActivity, type Work } from './boundary.ts';
import { breakOfRun } from './breaks.ts';
import { configOf, type Deps } from './deps.ts';

export const featureActivities = (deps: Deps) => {
  const inputOf = async (work: Work, run: RunRef, raw: SnapshotRef, name: string) => {
    const { model } = await configOf(deps, run.config);
    return {
      store: deps.store,
      config: model,
      raw: raw.digest,
      asOf: run.as_of,
      cacheDir: deps.cacheDir,
      workDir: join(deps.scratchDir, run.run, `${name}-${work.attempt}`),
      signal: work.signal,
    };
  };
  return {
    /** Also brings the joins and windows of what is served up to date: this data was accepted. */
    features: dataActivity(deps, async (work, run: RunRef, raw: SnapshotRef): Promise<SnapshotRef> => {
      const input = await inputOf(work, run, raw, 'features');
      const snapshot = await readSnapshot(deps.store, raw.digest, 'raw');
      const confirmed = await breakOfRun(deps, run, input.config);
      const chosen = await chooseTrainingWindow({ ...input, snapshot, confirmed });
      const { ref } = await buildFeatures({ ...input, ...chosen });
      if (chosen.trainingWindow) {
        await keepTrainingWindow(deps.store, run.model, run.run, chosen.trainingWindow);
        work.log.info({ used: chosen.trainingWindow.used }, chosen.trainingWindow.sentence);
      }
      for (const { version, problem } of await refreshLookups(input)) {
        if (problem === null) work.log.info({ version }, 'joins and windows of a served version are as of now');
        else work.log.warn({ version, problem }, 'a served version keeps its older joins and windows');
      }
      return ref;
    }),

    /** All mature rows of the window that the judged version was trained on: what a refit trains on after the gate. */
    refitFeatures: dataActivity(deps, async (work, run: RunRef, raw: SnapshotRef): Promise<SnapshotRef> => {
      const input = await inputOf(work, run, raw, 'refit-features');
      const { window } = await readSnapshot(deps.store, raw.digest, 'raw');
      const trainingWindow = await keptTrainingWindow(deps.store, run.model, run.run);
      const since = trainingWindow?.used === 'since_break' ? trainingWindow.break?.at : undefined;
      const geometry = windowGeometry(input.config, run.as_of, window.from, since);
      return (await buildRefitFeatures({ ...input, geometry, ...(trainingWindow ? { trainingWindow } : {}) })).ref;
    }),
  };
};
