/** Documents of a batch: what is to be scored, and what came out. Kept under `models/<model>/batches/<batch>/`. */
import { z } from 'zod';
import { digest, instant, storedFile, versionNumber } from '../registry/contract.ts';

/** A UTC day of event times: the unit of work, of retries and of output files. */
const day = z.string().regex(/^\d{4}-\d\d-\d\d$/);

const order = {
  contract: z.literal(1),
  /** First 16 digits of the digest of version and rows: the same order again is the same batch. */
  batch: z.string().regex(/^[0-9a-f]{16}$/),
  model: z.string(),
  version: versionNumber,
  model_sha256: digest,
  feature_definition: digest,
  as_of: instant,
  /** Event times that were asked for; null: all rows of the source. */
  window: z.strictObject({ from: instant, to: instant }).nullable(),
  source: z.string(),
  /** What the rows were read from. */
  deliveries: z.array(z.strictObject({ name: z.string(), sha256: digest, bytes: z.number().int().nonnegative() })),
  rows: z.number().int().nonnegative(),
  /** Rows of the source with an event time outside the window. */
  outside_window: z.number().int().nonnegative(),
  /** Its predictions are what the model answers with: once published they enter the prediction log. */
  log: z.literal(true).optional(),
};

/** `plan.json`, written before the first row is scored. */
export const batchPlan = z.strictObject({
  ...order,
  parts: z.array(z.strictObject({ day, rows: z.number().int().positive(), input: storedFile })),
});
export type BatchPlan = z.output<typeof batchPlan>;

export const scoredPart = z.strictObject({
  day,
  rows: z.number().int().positive(),
  /** Object of the store that holds the predictions. */
  key: z.string(),
  sha256: digest,
  bytes: z.number().int().nonnegative(),
  /** What joins and windows were known at; null without any. */
  lookup_as_of: instant.nullable(),
  /** Its records of the prediction log: they wait at `staged` until the batch is published, then lie at `key`. */
  log: z
    .strictObject({ staged: z.string(), key: z.string(), sha256: digest, rows: z.number().int().positive() })
    .optional(),
});
export type ScoredPart = z.output<typeof scoredPart>;

/** `manifest.json`: its presence says that the batch is whole. */
export const batchManifest = z.strictObject({ ...order, parts: z.array(scoredPart) });
export type BatchManifest = z.output<typeof batchManifest>;

/** `models/<model>/batches/newest.json`: what consumers read; moves only to a later `as_of`. */
export const newestBatch = z.strictObject({ batch: z.string(), as_of: instant, version: versionNumber });

export const batchFolder = (model: string, batch: string): string => `models/${model}/batches/${batch}`;
export const planKey = (model: string, batch: string): string => `${batchFolder(model, batch)}/plan.json`;
/** The part's record, written after its predictions. */
export const partKey = (model: string, batch: string, day: string): string =>
  `${batchFolder(model, batch)}/date=${day}/part.json`;
export const manifestKey = (model: string, batch: string): string => `${batchFolder(model, batch)}/manifest.json`;
export const newestKey = (model: string): string => `models/${model}/batches/newest.json`;
