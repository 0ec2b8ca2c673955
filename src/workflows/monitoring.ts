/** One tick: look at inputs, predictions and labels, then do what the playbook says. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { TriggerAnswer } from './contract.ts';
import { step } from './steps.ts';

export interface TickEnd {
  readonly sentence: string;
  readonly report: string;
  readonly triggered: readonly TriggerAnswer[];
}

export async function monitoring(input: { readonly model: string }): Promise<TickEnd> {
  const tick = await step('data', `look at ${input.model}`).monitoringTick(input.model);
  setCurrentDetails(tick.markdown);
  const triggered: TriggerAnswer[] = [];
  for (const trigger of tick.triggers) {
    triggered.push(await step('asking', `ask for a run: ${trigger.kind}`).sendTrigger(input.model, trigger));
  }
  return { sentence: tick.sentence, report: tick.report, triggered };
}
