/** What an activity reports with its heartbeats, in words. Pure. */
import { z } from 'zod';

/** Every shape that activities of runs, batches and erasures report; what they keep for their own retry is not for people. */
const reported = z.union([
  z.object({ done: z.number(), total: z.number(), sentence: z.string() }),
  z.object({ type: z.literal('progress'), step: z.number(), of: z.number() }),
  z.object({ scored: z.number() }),
  z.object({ day: z.string(), rows: z.number() }),
  z.object({ removed: z.number() }),
  z.object({ files: z.number() }),
]);

/** @returns null where there is nothing to say */
export function progressText(details: unknown): string | null {
  const read = reported.safeParse(details);
  if (!read.success) return null;
  const one = read.data;
  if ('sentence' in one) return `part ${one.done} of ${one.total}, ${one.sentence}`;
  if ('step' in one) return `step ${counted(one.step)} of ${counted(one.of)}`;
  if ('scored' in one) return `${counted(one.scored)} rows scored`;
  if ('rows' in one) return `${counted(one.rows)} rows of ${one.day} scored`;
  if ('removed' in one) return `${counted(one.removed)} files removed`;
  return `${counted(one.files)} files rewritten`;
}

const counted = (count: number): string => count.toLocaleString('en-US');
