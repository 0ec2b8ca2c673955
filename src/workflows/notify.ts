/** Once a minute: what happened is told to the people and programs that `notify` of config/hone.yaml names. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { NotifyEnd } from '../activities/notify.ts';
import { step } from './steps.ts';

export async function notify(): Promise<NotifyEnd> {
  const end = await step('data', 'tell people').tellPeople();
  const { sent, dead, failing } = end;
  const stuck = failing.length === 0 ? '' : ` These routes do not answer: ${failing.join(', ')}.`;
  setCurrentDetails(`${sent} sent, ${dead} given up.${stuck}`);
  return end;
}
