/** What an erasure did, what it could not do, and what to do about that. */
import { whole } from '../../drift/sentences.ts';
import type { ErasureReport } from './erasure-requests.ts';

const NAMED = 5;

/** @param vouches digests of readmissions in force that hold the subject */
export function erasureSentence(
  model: string,
  rows: ErasureReport['rows'],
  snapshots: NonNullable<ErasureReport['snapshots']>,
  vouches: readonly string[],
): string {
  const sentences = [
    `Erased ${whole(rows.log)} predictions, ${whole(rows.labels)} labels, ${whole(rows.business)} business figures and ` +
      `${whole(rows.quarantined ?? 0)} rows that were set aside of the subject from ${model}; read back, nothing is left.`,
  ];
  if (vouches.length > 0) {
    const names = vouches.map((digest) => digest.slice(0, 8)).join(', ');
    sentences.push(
      `Rows that a person vouched for stay (${names}): run \`hone data quarantine withdraw ${model} <vouch>\`, then erase again.`,
    );
  }
  if (snapshots.length > 0) sentences.push(snapshotSentence(model, snapshots));
  return sentences.join(' ');
}

function snapshotSentence(model: string, snapshots: NonNullable<ErasureReport['snapshots']>): string {
  const named = snapshots.slice(0, NAMED).map(({ kind, digest }) => `${kind} ${digest.slice(0, 8)}`);
  const more = snapshots.length > NAMED ? ` and ${snapshots.length - NAMED} more` : '';
  const versions = [...new Set(snapshots.flatMap((one) => one.versions))].sort((a, b) => a - b);
  const used = versions.length === 0 ? '' : `, of versions ${versions.join(', ')}`;
  return (
    `Training snapshots are not rewritten, and ${snapshots.length} still ${snapshots.length === 1 ? 'holds' : 'hold'} the subject ` +
    `(${named.join(', ')}${more}${used}). Take its rows out at the source, then \`hone run start ${model}\`: the next version is ` +
    'trained without them. Whoever must remove the snapshots too deletes the files that the report lists from the store, and gives ' +
    'up reproducing these versions.'
  );
}
