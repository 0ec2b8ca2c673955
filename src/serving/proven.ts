/** Which versions were loaded well on this machine before, in a process of their own: a server that starts again need not prove them again. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ObjectStore } from '../store/object-store.ts';
import { ArmChild } from './arm-child.ts';
import { ArmFailed, VersionNotLoadable } from './errors.ts';
import { fetchVersion, type ScoreSource, servedFolder, writeAside } from './version-files.ts';

const LOAD_TIMEOUT_MS = 30_000;
const require = createRequire(import.meta.url);
const versionOf = (name: string): string => String((require(`${name}/package.json`) as { version: unknown }).version);

/** Another runtime has to prove a version anew. */
const RUNTIME = [
  `node ${process.version} ${process.platform} ${process.arch}`,
  `onnxruntime ${versionOf('onnxruntime-node')}`,
  `duckdb ${versionOf('@duckdb/node-api')}`,
].join(', ');

export class ProvenVersions {
  readonly #store: ObjectStore;
  readonly #cacheDir: string;

  constructor(store: ObjectStore, cacheDir: string) {
    this.#store = store;
    this.#cacheDir = cacheDir;
  }

  async has(source: ScoreSource): Promise<boolean> {
    return (await readFile(this.#path(source), 'utf8').catch(() => null)) === proofOf(source);
  }

  async add(source: ScoreSource): Promise<void> {
    await writeAside(this.#path(source), proofOf(source));
  }

  #path({ model, version }: ScoreSource): string {
    return join(servedFolder(this.#store, model, this.#cacheDir), `${version}.proven`);
  }
}

/**
 * Fetches a version and loads it in a process of its own as a server would, golden rows and all; at once where that was
 * done on this machine before.
 *
 * @throws VersionNotLoadable, with what the version or the store said
 */
export async function proveVersion(
  place: { readonly store: ObjectStore; readonly cacheDir: string },
  model: string,
  version: number,
): Promise<void> {
  try {
    const { source } = await fetchVersion(place.store, model, version, place.cacheDir);
    const proven = new ProvenVersions(place.store, place.cacheDir);
    if (await proven.has(source)) return;
    await (await ArmChild.start(source, LOAD_TIMEOUT_MS)).close();
    await proven.add(source);
  } catch (error) {
    const problem = error instanceof ArmFailed ? error.problem : error instanceof Error ? error.message : String(error);
    throw new VersionNotLoadable(model, version, problem, { cause: error });
  }
}

/** With lookups it depends on their content, too. */
function proofOf({ modelSha256, served, lookups }: ScoreSource): string {
  return `${modelSha256} ${served.definition.digest} ${lookups?.key ?? ''}\n${RUNTIME}\n`;
}
