/** What a delivery changed since the newest accepted data. Kept beside a run: it is no part of a snapshot's address. */
import { z } from 'zod';
import { digest, instant } from '../../registry/contract.ts';

/**
 * - `new`: at or after the newest event seen before
 * - `late`: older than that, on a day that had rows
 * - `out_of_order`: older than that, on a day that had none
 * - `corrected`: the row was there and says something else now
 * - `removed`: the row was there and is not any more
 */
export const changeKind = z.enum(['new', 'late', 'out_of_order', 'corrected', 'removed']);
export type ChangeKind = z.output<typeof changeKind>;

const names = z.strictObject({ count: z.number().int(), names: z.array(z.string()).max(20) });

/** Stored at `models/<model>/runs/<run>/changes.json`. */
export const changes = z.strictObject({
  /** What this delivery is compared with; null when nothing was accepted before. */
  since: z.strictObject({ run: z.string(), as_of: instant, raw: digest }).nullable(),
  /** UTC days, both included; neighbouring days of one kind are one period. */
  periods: z.array(z.strictObject({ kind: changeKind, from: z.string(), to: z.string(), rows: z.number().int() })),
  /** Rows that were there without a label and have one now. */
  labelled: z.number().int(),
  /** Files by name and digest. `repeated` and `waiting` were not read: bytes seen already, or no completion marker. */
  files: z.strictObject({ new: names, changed: names, gone: names, repeated: names, waiting: names }),
  /** Days without any row, where there usually are some. */
  gaps: z.array(z.strictObject({ from: z.string(), to: z.string() })),
  /** One each for people, the most important first. */
  sentences: z.array(z.string()),
});
export type Changes = z.output<typeof changes>;
export type Period = Changes['periods'][number];
