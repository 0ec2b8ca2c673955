/** Is anybody there to do what Temporal is asked for? Asked before a call that only a worker can answer. */
import type { HoneClient } from './connect.ts';
import { WorkerMissing, WorkerSilent } from './errors.ts';

/** TASK_QUEUE_TYPE_WORKFLOW of Temporal's API. */
const WORKFLOW_TASKS = 1;

/** @throws WorkerMissing when no worker has asked for work within Temporal's memory (five minutes) */
export async function requireWorker(client: HoneClient): Promise<void> {
  const temporal = await client.temporal();
  const { pollers } = await temporal.workflowService.describeTaskQueue({
    namespace: temporal.options.namespace,
    taskQueue: { name: client.taskQueue },
    taskQueueType: WORKFLOW_TASKS,
  });
  if ((pollers ?? []).length === 0) throw new WorkerMissing(client.taskQueue);
}

/** The answer, or an end of patience: a worker that died lately still stands in Temporal's list. @throws WorkerSilent */
export async function withPatience<T>(client: HoneClient, ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new WorkerSilent(client.taskQueue, ms)), ms);
  });
  answer.catch(() => undefined); // whoever comes second is not heard
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
