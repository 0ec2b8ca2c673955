/** Requests to erase a subject. A request holds the subject only until it is done; what stays holds a keyed hash. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { digest, instant, versionNumber } from '../../registry/contract.ts';
import { findDocument, putDocument } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { ErasureRefused } from '../errors.ts';
import { keyedHash } from '../log/log-policy.ts';

const request = z.strictObject({
  subject: z.string().min(1).max(200),
  reason: z.string().min(1),
  by: z.string().min(1),
});
export type ErasureAsked = z.output<typeof request>;

/** `models/<model>/monitoring/erasures/<id>/report.json`. */
const report = z.strictObject({
  contract: z.literal(1),
  model: z.string(),
  /** HMAC of the subject under the key of the log's hashes. */
  subject: z.string(),
  reason: z.string(),
  by: z.string(),
  as_of: instant,
  rows: z.strictObject({
    log: z.number().int(),
    labels: z.number().int(),
    business: z.number().int(),
    /** Rows that validation had set aside. */
    quarantined: z.number().int().optional(),
  }),
  /** Training snapshots that still hold the subject, their files with its rows, and the versions that refer to them. */
  snapshots: z
    .array(
      z.strictObject({
        kind: z.enum(['raw', 'features']),
        digest,
        versions: z.array(versionNumber),
        files: z.array(digest),
      }),
    )
    .optional(),
  sentence: z.string(),
});
export type ErasureReport = z.output<typeof report>;

const folder = (model: string, id: string): string => `models/${model}/monitoring/erasures/${id}`;

/** @returns its id @throws ErasureRefused where the reason, which stays, would name the subject */
export async function putRequest(store: ObjectStore, model: string, asked: ErasureAsked): Promise<string> {
  if (asked.reason.toLowerCase().includes(asked.subject.toLowerCase())) throw new ErasureRefused();
  const id = randomUUID();
  await putDocument(store, `${folder(model, id)}/request.json`, request.parse(asked));
  return id;
}

/** @returns undefined once it is done */
export async function findRequest(store: ObjectStore, model: string, id: string): Promise<ErasureAsked | undefined> {
  return await findDocument(store, `${folder(model, id)}/request.json`, request);
}

export async function findReport(store: ObjectStore, model: string, id: string): Promise<ErasureReport | undefined> {
  return await findDocument(store, `${folder(model, id)}/report.json`, report);
}

/** What an erasure that was stopped has still to remove from the store. */
export const removalsKey = (model: string, id: string): string => `${folder(model, id)}/removals.json`;

/** The report first, then the request goes: a retry in between finds the report. */
export async function close(store: ObjectStore, model: string, id: string, done: ErasureReport): Promise<void> {
  await putDocument(store, `${folder(model, id)}/report.json`, report.parse(done));
  await store.remove(`${folder(model, id)}/request.json`);
}

/** What may stay of a subject. */
export function subjectHash(key: string, subject: string): string {
  return keyedHash(key, 'subject', subject);
}
