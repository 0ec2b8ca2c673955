/** Stage ingest: the source's rows, as known at `as_of`, in an immutable snapshot. */
import { join } from 'node:path';
import type { SnapshotRef } from '../data/contract.ts';
import { ingest } from '../data/ingest/ingest.ts';
import type { RunRef } from '../workflows/contract.ts';
import { activity } from './boundary.ts';
import { configOf, type Deps } from './deps.ts';

export const ingestActivities = (deps: Deps) => ({
  ingest: activity(deps, async (work, run: RunRef): Promise<SnapshotRef> => {
    const { model } = await configOf(deps, run.config);
    const { ref } = await ingest({
      store: deps.store,
      config: model,
      asOf: run.as_of,
      base: deps.workspace,
      workDir: join(deps.scratchDir, run.run, `ingest-${work.attempt}`),
      cacheDir: deps.cacheDir,
      signal: work.signal,
      onProgress: work.report,
    });
    work.log.info({ rows: ref.rows, snapshot: ref.digest }, 'ingested');
    return ref;
  }),
});
