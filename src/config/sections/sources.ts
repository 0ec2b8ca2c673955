/** Section `data.source` of a model file: where rows come from and how whoever writes them says that they are complete. */
import { z } from 'zod';
import { columnName, duration } from '../values.ts';

/** Who made the rows, and with which version of its code. */
const producer = z.strictObject({
  name: z.string().min(1).max(120).describe('Program or team that writes the rows.'),
  version: z.string().min(1).max(120).describe('Version of its code.'),
});

const delivered = {
  path: z
    .string()
    .min(1)
    .describe(
      'A file, a glob, a folder (with or without `key=value` partitions), `file:<folder>` or `s3://bucket/prefix?endpoint=…`.',
    ),
  producer: producer.optional().describe('Who made the rows.'),
  completion_marker: z
    .string()
    .regex(/^[^/]+$/)
    .optional()
    .describe(
      'Name of the empty file that its writer leaves last, such as `_SUCCESS`; a folder without it is not taken.',
    ),
  partition_date: columnName
    .optional()
    .describe('The partition key that says the UTC day of the event: partitions outside the window are not read.'),
};

/** What cannot be seen safely from the bytes of a text file. */
const csv = {
  delimiter: z.enum([',', ';', '\t', '|']).optional().describe('Character between values.'),
  decimal: z.enum(['.', ',']).optional().describe('Character before decimals.'),
  encoding: z.enum(['utf-8', 'utf-16', 'latin-1']).optional().describe('Encoding of the text.'),
};

export const source = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('parquet'), ...delivered }),
  z.strictObject({ type: z.literal('csv'), ...delivered, ...csv }),
  z.strictObject({ type: z.literal('jsonl'), ...delivered }),
  z.strictObject({
    type: z.literal('sql'),
    ...delivered,
    ...csv,
    query: z.string().min(1).describe('One SELECT over the table `source`.'),
    timeout: duration.optional().describe('How long it may take.'),
  }),
  z.strictObject({
    type: z.literal('command'),
    command: z.array(z.string()).min(1).describe('Program and arguments that write the rows; never run by a shell.'),
    timeout: duration.describe('How long it may take.'),
    producer: producer.optional().describe('Who made the rows.'),
    completion_marker: delivered.completion_marker.describe('Name of the empty file that is written last.'),
  }),
]);
export type Source = z.output<typeof source>;
