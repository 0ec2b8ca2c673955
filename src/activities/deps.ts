/** What activities need from outside, made once by the worker, and the documents that they hand on by digest. */
import type { z } from 'zod';
import type { HoneClient } from '../client/connect.ts';
import type { HoneConfig } from '../config/hone.ts';
import { type ConfigSnapshot, configSnapshotSchema } from '../config/snapshot.ts';
import { getByDigest, putByDigest } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface Deps {
  /** The folder that relative paths in model files start from. */
  readonly workspace: string;
  readonly hone: HoneConfig;
  readonly store: ObjectStore;
  readonly cacheDir: string;
  readonly scratchDir: string;
  readonly logger: Logger;
  readonly code: { readonly commit: string; readonly dirty: boolean };
  readonly client: HoneClient;
}

export type RunConfig = ConfigSnapshot;

/** The configuration that a run was started with, whatever the files say now. */
export async function configOf(deps: Deps, digest: string): Promise<RunConfig> {
  return await getByDigest(deps.store, 'configs', digest, configSnapshotSchema);
}

const DOCUMENTS = 'documents';

/** Keeps a report; histories carry its digest only. */
export async function keep(deps: Deps, value: unknown): Promise<string> {
  return await putByDigest(deps.store, DOCUMENTS, value);
}

export async function kept<S extends z.ZodType>(deps: Deps, digest: string, schema: S): Promise<z.output<S>> {
  return await getByDigest(deps.store, DOCUMENTS, digest, schema);
}
