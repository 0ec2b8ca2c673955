/** Reads back how a run was judged: one report a look, attested beside the version that was judged. */
import { z } from 'zod';
import { type EvaluationReport, evaluationReport } from '../evaluation/contract.ts';
import type { VersionManifest } from '../registry/contract.ts';
import { listVersions, readAttestation } from '../registry/versions.ts';
import { getByDigest } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type GateReport, gateReport } from './contract.ts';

export interface Judgement {
  readonly version: number;
  /** 1 for the first look. */
  readonly look: number;
  readonly report: GateReport;
  /** The figures that were judged. */
  readonly evaluation: EvaluationReport;
}

const attested = z.looseObject({ report: z.string() });
const document = z.looseObject({ gate: gateReport, evaluation: evaluationReport });

/** In the order of the looks; empty before the gate. @throws ObjectMissing, ObjectCorrupt */
export async function judgementsOfRun(store: ObjectStore, model: string, run: string): Promise<Judgement[]> {
  const versions = await listVersions(store, model);
  return await judgementsOf(
    store,
    model,
    versions.filter((version) => version.run === run),
  );
}

/** Of these versions in their order, look by look. @throws ObjectMissing, ObjectCorrupt */
export async function judgementsOf(
  store: ObjectStore,
  model: string,
  versions: readonly Pick<VersionManifest, 'version'>[],
): Promise<Judgement[]> {
  const judgements: Judgement[] = [];
  for (const { version } of versions) {
    for (let look = 1; ; look++) {
      const found = await readAttestation(store, model, version, `gate-${look}`, attested);
      if (!found) break;
      const { gate, evaluation } = await getByDigest(store, 'documents', found.report, document);
      judgements.push({ version, look, report: gate, evaluation });
    }
  }
  return judgements;
}
