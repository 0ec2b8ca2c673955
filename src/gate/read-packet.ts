/** Reads the packet of a run back: it is attested beside the version that the run wants to serve. */
import { listVersions, readAttestation } from '../registry/versions.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type Packet, packet } from './contract.ts';

/** A packet that became void stays beside the version; the one in its place has the next number. */
export const packetName = (number: number): string => (number === 1 ? 'packet' : `packet-${number}`);

/** The newest packet of a run; null before there is one. @throws ObjectCorrupt */
export async function packetOfRun(store: ObjectStore, model: string, run: string): Promise<Packet | null> {
  const versions = (await listVersions(store, model)).filter((version) => version.run === run);
  for (const { version } of versions.reverse()) {
    const newest = (await packetsOfVersion(store, model, version)).at(-1);
    if (newest) return newest;
  }
  return null;
}

/** All packets that were ever laid down for a version, oldest first. @throws ObjectCorrupt */
export async function packetsOfVersion(store: ObjectStore, model: string, version: number): Promise<Packet[]> {
  const found: Packet[] = [];
  for (let number = 1; ; number++) {
    const one = await readAttestation(store, model, version, packetName(number), packet);
    if (!one) return found;
    found.push(one);
  }
}
