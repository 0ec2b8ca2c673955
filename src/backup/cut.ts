/**
 * Which objects belong to a backup. Objects refer to older ones only, and a ledger's newest entry is written last. So the
 * entries are fixed first and everything else is copied after them: whatever they refer to is there by then. What was
 * written later under a number that the next run or version takes again after a restore is left out.
 */
import type { SourceCursor } from '../notifications/contract.ts';
import type { LedgerState } from '../registry/contract.ts';

/** One model as of its newest entry at the time of the cut. */
export interface ModelCut {
  readonly seq: number;
  readonly hash: string;
  readonly state: Pick<LedgerState, 'nextRun' | 'nextVersion'>;
}

export interface Cut {
  /** By model; one that is missing had no entry. */
  readonly models: ReadonlyMap<string, ModelCut>;
  /** Number of the next notice by model, read before the ledgers. */
  readonly notices: ReadonlyMap<string, SourceCursor['next']>;
  /** Blobs that are taken; null: all. */
  readonly blobs: ReadonlySet<string> | null;
}

/** Says what lives now, of no use in another life: beats, leases, hints, tests of the store. */
const FLEETING = /^(?:nodes|self-test)\/|^models\/[^/]+\/(?:leases\/|ledger-hint\.json$)/;

/** Says how far something newer was read, or what an owner answered: copied before the cut, so that it is never ahead of it. */
const FOLLOWS_LEDGER = /^notifications\/routes\/|^models\/[^/]+\/(?:triggers\/|waiting\.json$)/;

/** Rows that were recorded, set aside or scored, and snapshots of training data. */
const DATA = /^models\/[^/]+\/(?:log|labels|business|batches)\//;

export const followsLedger = (key: string): boolean => FOLLOWS_LEDGER.test(key);

/** Whether an object is copied after the cut. */
export function belongs(key: string, cut: Cut): boolean {
  // The notices' own cursors are written by whoever makes the cut, with the number that it goes by.
  if (FLEETING.test(key) || followsLedger(key) || key.startsWith('notifications/cursors/')) return false;
  if (cut.blobs !== null && (DATA.test(key) || (key.startsWith('blobs/') && !cut.blobs.has(lastOf(key))))) return false;
  const outbox = /^notifications\/outbox\/([^/]+)\/(\d+)\.json$/.exec(key);
  if (outbox) return Number(outbox[2]) < (cut.notices.get(outbox[1] ?? '') ?? 1);
  const [, model = '', rest = ''] = /^models\/([^/]+)\/(.+)$/.exec(key) ?? [];
  return model === '' || isBefore(rest, model, cut.models.get(model));
}

/** @param rest the key without `models/<model>/` */
function isBefore(rest: string, model: string, at: ModelCut | undefined): boolean {
  const entry = /^ledger\/(\d+)\.json$/.exec(rest);
  if (entry) return Number(entry[1]) <= (at?.seq ?? 0);
  const version = /^versions\/(\d+)\//.exec(rest);
  if (version) return Number(version[1]) < (at?.state.nextVersion ?? 1);
  // Runs are named in folders, and at the end of names such as `data/quarantine/<as_of>-<run>.json`.
  const run = rest.startsWith('runs/') ? rest.split('/')[1] : lastOf(rest).replace(/\.json$/, '');
  const number = run?.endsWith(`${model}-${run.slice(-6)}`) ? /\d{6}$/.exec(run)?.[0] : undefined;
  return number === undefined || Number(number) < (at?.state.nextRun ?? 1);
}

const lastOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
