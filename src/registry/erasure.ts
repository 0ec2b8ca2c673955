/** A subject was erased from what a model recorded. Pure; nothing of the model's state changes. */
import type { Step } from './state.ts';

/** @param order.subject keyed hash, never the subject itself */
export function subjectErased(order: { subject: string; rows: number }): Step {
  return (state) => ({ change: { kind: 'subject_erased', subject: order.subject, rows: order.rows }, state });
}
