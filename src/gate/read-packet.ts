/** Reads the packet of a run back: it is attested beside the version that the run wants to serve. */
import { listVersions, readAttestation } from '../registry/versions.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type Packet, packet } from './contract.ts';

/** The newest packet of a run; null before there is one. @throws ObjectCorrupt */
export async function packetOfRun(store: ObjectStore, model: string, run: string): Promise<Packet | null> {
  const versions = (await listVersions(store, model)).filter((version) => version.run === run);
  for (const { version } of versions.reverse()) {
    const found = await readAttestation(store, model, version, 'packet', packet);
    if (found) return found;
  }
  return null;
}
