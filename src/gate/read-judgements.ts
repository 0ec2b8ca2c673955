/** Reads back how a run was judged: one report a look, attested beside the version that was judged. */
import { z } from 'zod';
import { listVersions, readAttestation } from '../registry/versions.ts';
import { getByDigest } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type GateReport, gateReport } from './contract.ts';

export interface Judgement {
  readonly version: number;
  /** 1 for the first look. */
  readonly look: number;
  readonly report: GateReport;
}

const attested = z.looseObject({ report: z.string() });
const document = z.looseObject({ gate: gateReport });

/** In the order of the looks; empty before the gate. @throws ObjectMissing, ObjectCorrupt */
export async function judgementsOfRun(store: ObjectStore, model: string, run: string): Promise<Judgement[]> {
  const versions = (await listVersions(store, model)).filter((version) => version.run === run);
  const judgements: Judgement[] = [];
  for (const { version } of versions) {
    for (let look = 1; ; look++) {
      const found = await readAttestation(store, model, version, `gate-${look}`, attested);
      if (!found) break;
      const { gate } = await getByDigest(store, 'documents', found.report, document);
      judgements.push({ version, look, report: gate });
    }
  }
  return judgements;
}
