/** What was set aside by a run, and which of it people took back: write-once documents beside the rows themselves. */
import { z } from 'zod';
import { digest, instant } from '../../../registry/contract.ts';
import { modelFolder } from '../../../registry/keys.ts';
import { digestOf, findDocument, getByDigest, getDocument, putDocument } from '../../../store/content.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { type SetAsideRows, setAsideRows, validationReport } from '../../contract.ts';
import type { Reason } from './set-aside.ts';

/** Stored at `models/<model>/data/quarantine/<as_of>-<run>.json`; one for each run that set rows aside. */
export const quarantineRecord = z.strictObject({
  run: z.string(),
  as_of: instant,
  /** Digest of the raw snapshot that the rows came with. */
  raw: digest,
  /** Digest of the configuration whose rules set them aside. */
  config: digest,
  verdict: validationReport.shape.verdict,
  /** Rows of the delivery. */
  rows: z.number().int(),
  aside: setAsideRows,
});
export type QuarantineRecord = z.output<typeof quarantineRecord>;

/** Rows that a person took back. Stored at `models/<model>/data/readmitted/<digest>.json`; the ledger says who and why. */
export const readmission = z.strictObject({
  run: z.string(),
  /** `rule_changed`: they hold the rules of `config`. `vouched`: they break `rules` as defined here, and are exempt. */
  how: z.enum(['rule_changed', 'vouched']),
  config: digest,
  rows: setAsideRows,
});
export type Readmission = z.output<typeof readmission>;

/** A retry writes the same document again, which is no error. */
export async function recordQuarantine(store: ObjectStore, model: string, record: QuarantineRecord): Promise<void> {
  const at = record.as_of.replaceAll(':', '-'); // a key takes no colon
  await putDocument(store, `${folder(model)}${at}-${record.run}.json`, quarantineRecord.parse(record));
}

/** Oldest first. */
export async function listQuarantined(store: ObjectStore, model: string): Promise<QuarantineRecord[]> {
  const records: QuarantineRecord[] = [];
  for await (const key of store.list(folder(model))) records.push(await getDocument(store, key, quarantineRecord));
  return records;
}

/** @param run null: the newest run that set rows aside */
export async function findQuarantined(
  store: ObjectStore,
  model: string,
  run: string | null,
): Promise<QuarantineRecord | null> {
  let newest: string | null = null;
  for await (const key of store.list(folder(model))) {
    if (run === null || key.endsWith(`-${run}.json`)) newest = key;
  }
  const found = newest === null ? undefined : await findDocument(store, newest, quarantineRecord);
  return found !== undefined && (run === null || found.run === run) ? found : null;
}

/** @returns its digest: the same rows taken back in the same way are the same document */
export async function recordReadmission(store: ObjectStore, model: string, entry: Readmission): Promise<string> {
  const name = digestOf(readmission.parse(entry));
  await putDocument(store, `${readmitted(model)}/${name}.json`, entry);
  return name;
}

/** @throws ObjectMissing, ObjectCorrupt */
export async function readReadmission(store: ObjectStore, model: string, name: string): Promise<Readmission> {
  return await getByDigest(store, readmitted(model), name, readmission);
}

/** Rows that are kept: of a run that set them aside, or of a readmission. */
export interface KeptRows {
  readonly key: string;
  /** Digest of the readmission; null for the record of a run. */
  readonly readmission: string | null;
  readonly aside: SetAsideRows;
  /** The same document about other rows. */
  with(aside: SetAsideRows): QuarantineRecord | Readmission;
}

export async function listKept(store: ObjectStore, model: string): Promise<KeptRows[]> {
  const kept: KeptRows[] = [];
  for await (const key of store.list(folder(model))) {
    const found = await getDocument(store, key, quarantineRecord);
    kept.push({ key, readmission: null, aside: found.aside, with: (aside) => ({ ...found, aside }) });
  }
  for await (const key of store.list(`${readmitted(model)}/`)) {
    const found = await getDocument(store, key, readmission);
    const name = key.slice(`${readmitted(model)}/`.length, -'.json'.length);
    kept.push({ key, readmission: name, aside: found.rows, with: (rows) => ({ ...found, rows }) });
  }
  return kept;
}

/** A reason in the words that `--rule` takes: `between sched_dep_minute`, or for a rule without a column its limit. */
export function reasonText({ rule, column, limit }: Reason): string {
  return `${rule} ${column ?? limit}`;
}

/** Whether `--rule` means this reason: by the rule's name, its column, both, or its limit. */
export function isNamed(reason: Reason, text: string): boolean {
  return [reason.rule, reason.column, reason.limit, reasonText(reason)].includes(text);
}

function folder(model: string): string {
  return `${modelFolder(model)}/data/quarantine/`;
}

function readmitted(model: string): string {
  return `${modelFolder(model)}/data/readmitted`;
}
