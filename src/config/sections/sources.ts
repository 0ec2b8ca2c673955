/** Section `data.source` of a model file: where rows come from and how whoever writes them says that they are complete. */
import { z } from 'zod';
import { columnName, duration } from '../values.ts';

/** Who made the rows, and with which version of its code. */
const producer = z.strictObject({ name: z.string().min(1).max(120), version: z.string().min(1).max(120) });

const delivered = {
  /** A file, a glob, a folder (with or without `key=value` partitions), `file:<folder>` or `s3://bucket/prefix?endpoint=…`. */
  path: z.string().min(1),
  producer: producer.optional(),
  /** Name of the empty file that its writer leaves last, such as `_SUCCESS`; a folder without it is not taken. */
  completion_marker: z
    .string()
    .regex(/^[^/]+$/)
    .optional(),
  /** The partition key that says the UTC day of the event: partitions outside the window are not read. */
  partition_date: columnName.optional(),
};

/** What cannot be seen safely from the bytes of a text file. */
const csv = {
  delimiter: z.enum([',', ';', '\t', '|']).optional(),
  decimal: z.enum(['.', ',']).optional(),
  encoding: z.enum(['utf-8', 'utf-16', 'latin-1']).optional(),
};

export const source = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('parquet'), ...delivered }),
  z.strictObject({ type: z.literal('csv'), ...delivered, ...csv }),
  z.strictObject({ type: z.literal('jsonl'), ...delivered }),
  z.strictObject({
    type: z.literal('sql'),
    ...delivered,
    ...csv,
    query: z.string().min(1),
    /** How long the query may take; PT10M where nothing is said. */
    timeout: duration.optional(),
  }),
  z.strictObject({
    type: z.literal('command'),
    command: z.array(z.string()).min(1),
    timeout: duration,
    producer: producer.optional(),
    completion_marker: delivered.completion_marker,
  }),
]);
export type Source = z.output<typeof source>;
