/** A workflow that a message wedges and whose step fails: what `unstick` is for. */
import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';

const { flaky } = proxyActivities<{ flaky(): Promise<void> }>({ startToCloseTimeout: '10s' });

export async function retraining(withStep: boolean): Promise<string> {
  let gone = false;
  setHandler(defineSignal('go'), () => {
    gone = true;
  });
  setHandler(defineSignal('poison'), () => {
    throw new Error('this message is poison');
  });
  if (withStep) await flaky();
  await condition(() => gone);
  return 'went on';
}
