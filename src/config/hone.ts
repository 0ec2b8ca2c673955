/** `config/hone.yaml`: connections, people and clock. Shared by all models of an installation. */
import { z } from 'zod';
import { duration, slug } from './values.ts';

export const honeConfig = z.strictObject({
  profile: z.enum(['local', 'production']),
  /** `file:<folder>` or `s3://<bucket>/<prefix>?endpoint=<url>&region=<region>`; credentials come from the environment. */
  store: z.string().regex(/^(file:.+|s3:\/\/.+)$/, 'write file:<folder> or s3://<bucket>/<prefix>'),
  temporal: z.strictObject({
    address: z.string().min(1),
    namespace: z.string().min(1),
    /** Address of Temporal's web pages, for links in messages; null where there is none. */
    ui: z.string().nullable(),
    task_queue: z.string().min(1),
  }),
  serving: z.strictObject({ host: z.string().min(1), port: z.number().int().min(0).max(65_535), poll: duration }),
  /** `memory_mb` bounds the buffers with which a source is read, sorted and compared; the process takes up to twice as much. */
  data: z.strictObject({ memory_mb: z.number().int().min(100) }).optional(),
  /** `wall`: the time is now. `logical`: the time is what the store's `clock.json` says (replays such as the demo). */
  clock: z.enum(['wall', 'logical']),
  /** Where the key of the hashes in the prediction log is found; the key itself never stands in a file of the repository. */
  log_hash_key: z
    .union([z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) })])
    .optional(),
  groups: z.record(slug, z.array(z.string().min(1)).min(1)),
});
export type HoneConfig = z.output<typeof honeConfig>;
