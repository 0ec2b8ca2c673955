/** Approvals that broke glass, and their later review by somebody else. What is due is read off the ledger. */
import { subjectOf } from '../config/people.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { LedgerEntry } from './contract.ts';
import { ReviewRefused } from './errors.ts';
import { type Ledger, openLedger } from './ledger.ts';

export interface DueReview {
  readonly model: string;
  readonly version: number;
  /** Who broke glass, with what reason, when. */
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}

/** Oldest first. */
export async function dueReviews(ledger: Ledger): Promise<DueReview[]> {
  const entries: LedgerEntry[] = [];
  for await (const entry of ledger.entries()) entries.push(entry);
  return dueAmong(ledger.model, entries);
}

/** @param entries of the whole ledger, oldest first */
export function dueAmong(model: string, entries: readonly LedgerEntry[]): DueReview[] {
  const due = new Map<number, DueReview>();
  for (const { change, actor, why, at } of entries) {
    if (change.kind === 'version_staged' && change.break_glass)
      due.set(change.version, { model, version: change.version, by: actor, reason: why, at });
    if (change.kind === 'approval_reviewed') due.delete(change.version);
  }
  return [...due.values()];
}

/**
 * @throws ReviewRefused when nothing is due for the version, or the reviewer is who broke glass
 */
export async function recordReview(
  store: ObjectStore,
  model: string,
  review: { version: number; by: string; comment: string; asOf: string },
): Promise<number> {
  const { version, by, comment, asOf } = review;
  const ledger = openLedger(store, model);
  const due = (await dueReviews(ledger)).find((one) => one.version === version);
  if (!due) throw new ReviewRefused(`No review is due for version ${version} of ${model}, so nothing was written.`);
  if (subjectOf(due.by) === subjectOf(by))
    throw new ReviewRefused(
      `${by} broke glass for version ${version} of ${model} and may not review it; somebody else has to. Nothing was written.`,
    );
  const { entry } = await ledger.append({
    effectId: `review/${version}`,
    as_of: asOf,
    actor: by,
    trust: 'asserted',
    why: comment,
    step: (state) => ({ change: { kind: 'approval_reviewed', version }, state }),
  });
  return entry.seq;
}

/** One line for people. */
export function dueReviewText({ model, version, by, at }: DueReview): string {
  return `Review due: ${by} approved version ${version} alone on ${at.slice(0, 10)} by breaking glass. Somebody else: hone review ${model}/${version} --by <name> --comment "…"`;
}
