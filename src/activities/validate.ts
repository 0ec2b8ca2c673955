/** Stage validate: rules on the raw rows; a rejection ends the run before anything is built on them. */
import { join } from 'node:path';
import { newestAccepted, recordAccepted } from '../data/accepted.ts';
import type { SnapshotRef } from '../data/contract.ts';
import { readSnapshot } from '../data/snapshots.ts';
import { recordQuarantine } from '../data/validation/quarantine/record.ts';
import { validate } from '../data/validation/validate.ts';
import { openLedger } from '../registry/ledger.ts';
import type { RunRef } from '../workflows/contract.ts';
import { dataActivity } from './boundary.ts';
import { configOf, type Deps, keep } from './deps.ts';

export interface Checked {
  readonly verdict: 'accept' | 'reject';
  readonly sentence: string;
  /** The snapshot without quarantined rows. */
  readonly accepted: SnapshotRef;
  readonly report: string;
}

export const validateActivities = (deps: Deps) => ({
  validate: dataActivity(deps, async (work, run: RunRef, raw: SnapshotRef): Promise<Checked> => {
    const { model } = await configOf(deps, run.config);
    const previous = await newestAccepted(deps.store, run.model, run.as_of, run.run);
    // as the run found it at its start, so that a stage tried again judges the same
    const { vouched = [] } = (await openLedger(deps.store, run.model).read(run.seq)).state;
    const report = await validate({
      store: deps.store,
      config: model,
      raw: raw.digest,
      asOf: run.as_of,
      ...(previous ? { previous: previous.accepted } : {}),
      vouched,
      base: deps.workspace,
      cacheDir: deps.cacheDir,
      workDir: join(deps.scratchDir, run.run, `validate-${work.attempt}`),
      signal: work.signal,
    });
    work.log.info({ verdict: report.verdict, findings: report.findings.length }, report.sentence);
    const accepted = { kind: 'raw' as const, digest: report.accepted, rows: report.rows - report.quarantined };
    if (report.aside) {
      const { verdict, rows, aside } = report;
      const record = { run: run.run, as_of: run.as_of, raw: raw.digest, config: run.config, verdict, rows, aside };
      await recordQuarantine(deps.store, run.model, record);
    }
    if (report.verdict === 'accept') {
      const { window } = await readSnapshot(deps.store, raw.digest, 'raw');
      const entry = { as_of: run.as_of, raw: raw.digest, accepted: accepted.digest, window, rows: accepted.rows };
      await recordAccepted(deps.store, run.model, { run: run.run, ...entry });
    }
    return { verdict: report.verdict, sentence: report.sentence, accepted, report: await keep(deps, report) };
  }),
});
