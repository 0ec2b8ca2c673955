/** What a backup says about itself: `backups/<id>.json` in the place where it lies, written last. */
import { z } from 'zod';
import { digest, instant } from '../registry/contract.ts';

/** Backups of one place sort by their ids: `2026-11-22T213000Z`. */
export const backupId = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{6}Z$/, 'write an id such as 2026-11-22T213000Z');

/** One object of the store; its bytes lie under their digest and are shared by all backups of the place. */
export const backedUpObject = z.strictObject({
  key: z.string(),
  sha256: digest,
  bytes: z.number().int().nonnegative(),
});
export type BackedUpObject = z.output<typeof backedUpObject>;

export const backupManifest = z.strictObject({
  contract: z.literal(1),
  id: backupId,
  taken_at: instant,
  /** The store that was copied, without secrets. */
  source: z.string(),
  /** True: recorded rows and snapshots of training data were left out. */
  without_data: z.boolean(),
  /** The newest ledger entry of each model; the backup is the store as of these. */
  heads: z.array(z.strictObject({ model: z.string(), seq: z.number().int().positive(), hash: digest })),
  /** What is not whole in the store itself, and so not in the backup either. */
  damaged: z.array(z.strictObject({ key: z.string(), problem: z.string() })),
  objects: z.array(backedUpObject),
});
export type BackupManifest = z.output<typeof backupManifest>;

export const BACKUPS = 'backups/';
export const manifestKey = (id: string): string => `${BACKUPS}${id}.json`;
export const contentKey = (sha256: string): string => `content/${sha256.slice(0, 2)}/${sha256}`;

/** @param at any instant; the id has its second */
export function idOf(at: Date): string {
  return `${at
    .toISOString()
    .slice(0, 19)
    .replaceAll(':', '')
    .replace(/^(\d{4})(\d{2})(\d{2})/, '$1-$2-$3')}Z`;
}
