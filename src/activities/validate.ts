/** Stage validate: rules on the raw rows; a rejection ends the run before anything is built on them. */
import { join } from 'node:path';
import type { SnapshotRef } from '../data/contract.ts';
import { validate } from '../data/validation/validate.ts';
import type { RunRef } from '../workflows/contract.ts';
import { activity } from './boundary.ts';
import { configOf, type Deps, keep } from './deps.ts';

export interface Checked {
  readonly verdict: 'accept' | 'reject';
  readonly sentence: string;
  /** The snapshot without quarantined rows. */
  readonly accepted: SnapshotRef;
  readonly report: string;
}

export const validateActivities = (deps: Deps) => ({
  validate: activity(deps, async (work, run: RunRef, raw: SnapshotRef): Promise<Checked> => {
    const { model } = await configOf(deps, run.config);
    const report = await validate({
      store: deps.store,
      config: model,
      raw: raw.digest,
      asOf: run.as_of,
      cacheDir: deps.cacheDir,
      workDir: join(deps.scratchDir, run.run, `validate-${work.attempt}`),
      signal: work.signal,
    });
    work.log.info({ verdict: report.verdict, findings: report.findings.length }, report.sentence);
    const accepted = { kind: 'raw' as const, digest: report.accepted, rows: report.rows - report.quarantined };
    return { verdict: report.verdict, sentence: report.sentence, accepted, report: await keep(deps, report) };
  }),
});
