/** The newest-data mark: which snapshots passed validation, one write-once document a run. Refused data leaves no trace. */
import { z } from 'zod';
import { digest, instant } from '../registry/contract.ts';
import { modelFolder } from '../registry/keys.ts';
import { getDocument, putDocument } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Stored at `models/<model>/data/accepted/<as_of>-<run>.json`. */
export const accepted = z.strictObject({
  run: z.string(),
  as_of: instant,
  /** Digest of the raw snapshot as ingested. */
  raw: digest,
  /** Digest of the snapshot without its quarantined rows; the same as `raw` where nothing was set aside. */
  accepted: digest,
  window: z.strictObject({ from: instant, to: instant }),
  /** Rows of `accepted`. */
  rows: z.number().int(),
});
export type Accepted = z.output<typeof accepted>;

/**
 * Call it only when the verdict is accept. A retry writes the same document again, which is no error.
 *
 * @throws ObjectConflict when the same run recorded something else at the same `as_of`
 */
export async function recordAccepted(store: ObjectStore, model: string, entry: Accepted): Promise<void> {
  const at = `${stamp(entry.as_of)}-${entry.run}`;
  await putDocument(store, `${folder(model)}${at}.json`, accepted.parse(entry));
}

/**
 * The newest accepted data known at `asOf` (`as_of <= asOf`); of several at one time the one with the largest run id.
 *
 * @param otherThan a run whose own record does not count, so that a stage tried again sees what the first try saw
 */
export async function newestAccepted(
  store: ObjectStore,
  model: string,
  asOf: string,
  otherThan?: string,
): Promise<Accepted | null> {
  const limit = stamp(asOf);
  let newest: string | undefined;
  for await (const key of store.list(folder(model))) {
    const name = key.slice(folder(model).length, -'.json'.length);
    if (name.slice(0, limit.length) > limit) break; // keys ascend
    if (name.slice(limit.length + 1) !== otherThan) newest = key;
  }
  return newest === undefined ? null : await getDocument(store, newest, accepted);
}

function folder(model: string): string {
  return `${modelFolder(model)}/data/accepted/`;
}

/** An instant as part of a key, in time order: `2013-01-26T00-00-00.000Z`. */
function stamp(time: string): string {
  return new Date(time).toISOString().replaceAll(':', '-');
}
