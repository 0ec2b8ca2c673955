/** From a version or an alias back to everything it was made of, and to every entry that concerns it. */
import { z } from 'zod';
import type { ObjectStore } from '../store/object-store.ts';
import {
  type Alias,
  alias,
  type Change,
  type Digest,
  type LedgerEntry,
  type VersionManifest,
  type VersionStatus,
} from './contract.ts';
import { VersionMissing } from './errors.ts';
import { openLedger } from './ledger.ts';
import { readAttestation, readVersion, versionStatus } from './versions.ts';

export interface LineageEntry {
  readonly seq: number;
  readonly at: string;
  readonly as_of: string;
  readonly actor: string;
  readonly why: string;
  readonly effectId: string;
  readonly kind: Change['kind'];
}

export interface Lineage {
  readonly model: string;
  readonly version: number;
  readonly status: VersionStatus;
  readonly aliases: Alias[];
  readonly manifest: Digest;
  readonly commit: string;
  readonly dirty: boolean;
  readonly config: Digest;
  /** Digests of the snapshots and of the feature definition; null for an imported version. */
  readonly raw: Digest | null;
  readonly features: Digest | null;
  readonly definition: Digest | null;
  readonly params: VersionManifest['params'];
  readonly seed: number;
  readonly trainer: VersionManifest['trainer'];
  readonly environment: VersionManifest['environment'];
  readonly geometry: VersionManifest['geometry'];
  readonly fit_end: string | null;
  readonly files: VersionManifest['files'];
  readonly run: string | null;
  /** The run whose earlier stages it was made from; null where its own run did everything. */
  readonly retry_of: { readonly run: string; readonly from: string } | null;
  readonly trigger: string;
  readonly as_of: string;
  readonly refit: VersionManifest['refit'];
  /** For a full refit: the version that was judged. */
  readonly twin: number | null;
  readonly packet: Digest | null;
  /** Attestations `approval-1`, `approval-2`, … as they were written. */
  readonly approvals: unknown[];
  /** What happened to the version and to its run, in order. */
  readonly ledger: LineageEntry[];
}

/** @throws VersionMissing, or ObjectCorrupt when the manifest is not the one that the ledger registered */
export async function lineage(store: ObjectStore, model: string, ref: number | Alias): Promise<Lineage> {
  const entries: LedgerEntry[] = [];
  for await (const entry of openLedger(store, model).entries()) entries.push(entry);
  const aliases = entries.at(-1)?.state.aliases;
  const version = typeof ref === 'number' ? ref : aliases?.[ref]?.version;
  const registered = entries.map(({ change }) => change).find((change) => isRegistration(change, version));
  if (version === undefined || registered?.kind !== 'version_registered') throw new VersionMissing(model, ref);

  const manifest = await readVersion(store, model, version, registered.manifest);
  return {
    model,
    version,
    status: versionStatus(entries, version),
    aliases: alias.options.filter((name) => aliases?.[name]?.version === version),
    manifest: registered.manifest,
    commit: manifest.code.commit,
    dirty: manifest.code.dirty,
    config: manifest.config,
    raw: manifest.data?.raw ?? null,
    features: manifest.data?.features ?? null,
    definition: manifest.data?.definition ?? null,
    params: manifest.params,
    seed: manifest.seed,
    trainer: manifest.trainer,
    environment: manifest.environment,
    geometry: manifest.geometry,
    fit_end: manifest.fit_end,
    files: manifest.files,
    run: manifest.run,
    retry_of: manifest.retry_of ?? null,
    trigger: manifest.trigger,
    as_of: manifest.as_of,
    refit: manifest.refit,
    twin: manifest.twin,
    packet: packetOf(entries, version),
    approvals: await approvalsOf(store, model, version),
    ledger: entries.filter(({ change }) => concerns(change, version, manifest.run)).map(summary),
  };
}

const isRegistration = (change: Change, version: number | undefined): boolean =>
  change.kind === 'version_registered' && change.version === version;

function packetOf(entries: LedgerEntry[], version: number): Digest | null {
  const staged = entries
    .map(({ change }) => change)
    .findLast((c) => c.kind === 'version_staged' && c.version === version);
  return staged?.kind === 'version_staged' ? staged.packet : null;
}

async function approvalsOf(store: ObjectStore, model: string, version: number): Promise<unknown[]> {
  const approvals: unknown[] = [];
  for (let n = 1; ; n++) {
    const approval = await readAttestation(store, model, version, `approval-${n}`, z.unknown());
    if (approval === undefined) return approvals;
    approvals.push(approval);
  }
}

function concerns(change: Change, version: number, run: string | null): boolean {
  if (change.kind === 'rolled_back') return change.from === version || change.to === version;
  if (change.kind === 'promoted' && change.from === version) return true;
  if ('version' in change && change.version === version) return true;
  return run !== null && 'run' in change && change.run === run;
}

const summary = ({ seq, at, as_of, actor, why, effectId, change }: LedgerEntry): LineageEntry => ({
  seq,
  at,
  as_of,
  actor,
  why,
  effectId,
  kind: change.kind,
});
