/** The champion over a window of rows: planned once, part by part, published when it is whole. */
import { setCurrentDetails } from '@temporalio/workflow';
import { step } from './steps.ts';

export interface BatchOrder {
  readonly model: string;
  /** Left out: now. */
  readonly asOf?: string;
}

export interface BatchEnd {
  readonly batch: string;
  readonly version: number;
  readonly rows: number;
  readonly sentence: string;
}

export async function batchScoring({ model, asOf }: BatchOrder): Promise<BatchEnd> {
  // Fixed once: a retry of the plan asks for the same window.
  const at = asOf ?? (await step('short', 'read the clock').asOfNow());
  const { batch, days } = await step('data', `choose version and rows of ${model}`).planBatch(model, at);
  for (const [i, day] of days.entries()) {
    setCurrentDetails(`Batch ${batch}: part ${i + 1} of ${days.length}, ${day}.`);
    await step('data', `score ${day}`).scorePart(model, batch, day);
  }
  const end = await step('data', 'publish').publishBatch(model, batch);
  setCurrentDetails(end.sentence);
  return end;
}
