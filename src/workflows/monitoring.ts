/** One tick: look at inputs, predictions and labels, then do what the playbook says. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { TriggerAnswer } from './contract.ts';
import { step } from './steps.ts';

export interface TickEnd {
  readonly sentence: string;
  readonly report: string;
  readonly triggered: readonly TriggerAnswer[];
}

/** @param input.scheduled asked for by the clock: a look that is not due yet reads nothing and says so */
export async function monitoring(input: { readonly model: string; readonly scheduled?: boolean }): Promise<TickEnd> {
  const tick = await step('data', `look at ${input.model}`).monitoringTick(input.model, input.scheduled ?? false);
  setCurrentDetails(tick.markdown);
  const triggered: TriggerAnswer[] = [];
  for (const trigger of tick.triggers) {
    triggered.push(await step('asking', `ask for a run: ${trigger.kind}`).sendTrigger(input.model, trigger));
  }
  return { sentence: tick.sentence, report: tick.report, triggered };
}
