/** Stage ingest: the source's rows, as known at `as_of`, in an immutable snapshot. */
import { join } from 'node:path';
import { newestAccepted } from '../data/accepted.ts';
import type { SnapshotRef } from '../data/contract.ts';
import { ingest } from '../data/ingest/ingest.ts';
import { keepChanges } from '../data/ingest/kept-changes.ts';
import type { RunRef } from '../workflows/contract.ts';
import { dataActivity } from './boundary.ts';
import { configOf, type Deps } from './deps.ts';

export const ingestActivities = (deps: Deps) => ({
  ingest: dataActivity(deps, async (work, run: RunRef): Promise<SnapshotRef> => {
    const { model } = await configOf(deps, run.config);
    const { ref, changes } = await ingest({
      store: deps.store,
      config: model,
      asOf: run.as_of,
      previous: await newestAccepted(deps.store, run.model, run.as_of, run.run),
      base: deps.workspace,
      workDir: join(deps.scratchDir, run.run, `ingest-${work.attempt}`),
      cacheDir: deps.cacheDir,
      ...(deps.hone.data ? { memoryMb: deps.hone.data.memory_mb } : {}),
      signal: work.signal,
      onProgress: work.report,
    });
    // beside the run: a comparison must not change the address of the data
    await keepChanges(deps.store, run.model, run.run, changes);
    work.log.info({ rows: ref.rows, snapshot: ref.digest }, changes.sentences.join(' '));
    return ref;
  }),
});
