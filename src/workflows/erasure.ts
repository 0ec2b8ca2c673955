/** Erases one subject from what is recorded of a model. The subject itself never enters the history: the order names a request. */
import { step } from './steps.ts';

export interface ErasureOrder {
  readonly model: string;
  /** Of the request in the store. */
  readonly request: string;
}

export interface ErasureEnd {
  readonly sentence: string;
  readonly rows: {
    readonly log: number;
    readonly labels: number;
    readonly business: number;
    readonly quarantined?: number | undefined;
  };
}

export async function erasure(order: ErasureOrder): Promise<ErasureEnd> {
  return await step('data', `erase a subject from ${order.model}`).eraseSubject(order.model, order.request);
}
