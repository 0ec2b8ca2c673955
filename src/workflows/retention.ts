/** One look at what is recorded of a model: days older than its retention go. */
import { step } from './steps.ts';

export interface RetentionEnd {
  readonly sentence: string;
  readonly removed: number;
}

export async function retention(input: { readonly model: string }): Promise<RetentionEnd> {
  // Fixed once, so that a retry of the removal ends what it began.
  const asOf = await step('short', 'read the clock').asOfNow();
  return await step('data', `remove old records of ${input.model}`).removeOldRecords(input.model, asOf);
}
