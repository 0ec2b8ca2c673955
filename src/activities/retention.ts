/** What is recorded goes again: by age, and for one subject when somebody asks for it. */
import { join } from 'node:path';
import { type HeldSnapshot, snapshotsHolding } from '../data/subject-snapshots.ts';
import { eraseQuarantined } from '../data/validation/quarantine/erase.ts';
import { ErasureUnknown, HashKeyMissing } from '../monitoring/errors.ts';
import { findHashKey, servingCacheOf } from '../monitoring/log/hash-key.ts';
import { eraseSubject } from '../monitoring/retention/erasure.ts';
import {
  close,
  type ErasureReport,
  findReport,
  findRequest,
  removalsKey,
  subjectHash,
} from '../monitoring/retention/erasure-requests.ts';
import { erasureSentence } from '../monitoring/retention/erasure-sentence.ts';
import { removeOld } from '../monitoring/retention/retention.ts';
import { subjectErased } from '../registry/erasure.ts';
import { openLedger } from '../registry/ledger.ts';
import { listVersions, readVersion } from '../registry/versions.ts';
import { asOfNow } from '../store/clock.ts';
import type { ErasureEnd } from '../workflows/erasure.ts';
import type { RetentionEnd } from '../workflows/retention.ts';
import { activity } from './boundary.ts';
import { configOf, type Deps } from './deps.ts';
import { ModelNotApplied } from './errors.ts';

export const retentionActivities = (deps: Deps) => ({
  removeOldRecords: activity(deps, async (work, model: string, asOf: string): Promise<RetentionEnd> => {
    const config = await configured(deps, model);
    const note = await removeOld({
      store: deps.store,
      config,
      asOf: new Date(asOf).toISOString(),
      cacheDir: deps.cacheDir,
      onProgress: (removed) => work.report({ removed }),
      signal: work.signal,
    });
    work.log.info({ removed: note.removed.length }, note.sentence);
    return { sentence: note.sentence, removed: note.removed.length };
  }),

  eraseSubject: activity(deps, async (work, model: string, id: string): Promise<ErasureEnd> => {
    const asked = await findRequest(deps.store, model, id);
    const done = await findReport(deps.store, model, id);
    if (asked === undefined) {
      if (done === undefined) throw new ErasureUnknown(model, id);
      return endOf(done); // an earlier attempt ended, its answer was lost
    }
    const config = await configured(deps, model);
    const key = await findHashKey({
      reference: deps.hone.log_hash_key,
      dir: deps.workspace,
      cacheDir: servingCacheOf(deps.workspace),
    });
    if (key === undefined) throw new HashKeyMissing('no prediction server of this machine has made one yet');
    const workDir = join(deps.scratchDir, model, `erase-${id}-${work.attempt}`);
    const { subject } = asked;
    const { vouched = [] } = await openLedger(deps.store, model).state();
    const place = { store: deps.store, config, subject, cacheDir: deps.cacheDir, workDir, signal: work.signal };
    const aside = await eraseQuarantined({ ...place, inForce: vouched, note: removalsKey(model, id) });
    const { rows: recorded } = await eraseSubject({
      ...place,
      key,
      onProgress: (files) => work.report({ files }),
    });
    const rows = { ...recorded, quarantined: aside.rows };
    const total = rows.log + rows.labels + rows.business + rows.quarantined;
    const snapshots = await snapshotsWithVersions(deps, model, await snapshotsHolding(place));
    const report: ErasureReport = done ?? {
      contract: 1,
      model,
      subject: subjectHash(key, asked.subject),
      reason: asked.reason,
      by: asked.by,
      as_of: await asOfNow(deps.store, deps.hone.clock),
      rows,
      snapshots,
      sentence: erasureSentence(model, rows, snapshots, aside.vouches),
    };
    await openLedger(deps.store, model).append({
      effectId: `erasure/${id}`,
      as_of: report.as_of,
      actor: asked.by,
      trust: 'asserted',
      why: asked.reason,
      step: subjectErased({ subject: report.subject, rows: total }),
    });
    await close(deps.store, model, id, report);
    work.log.info({ rows }, report.sentence);
    return endOf(report);
  }),
});

async function configured(deps: Deps, model: string) {
  const state = await openLedger(deps.store, model).state();
  if (!state.config) throw new ModelNotApplied(model);
  return (await configOf(deps, state.config)).model;
}

async function snapshotsWithVersions(deps: Deps, model: string, held: readonly HeldSnapshot[]) {
  if (held.length === 0) return [];
  const listed = await listVersions(deps.store, model);
  const versions = await Promise.all(listed.map(({ version }) => readVersion(deps.store, model, version)));
  return held.map(({ kind, digest, files }) => {
    const of = versions.filter(({ data }) => data?.raw === digest || data?.features === digest);
    return { kind, digest, versions: of.map(({ version }) => version), files: [...files] };
  });
}

function endOf({ sentence, rows }: ErasureReport): ErasureEnd {
  return { sentence, rows };
}
