/** Messages to a run that wait for its answer: the one door of command line and pages. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Trigger, TriggerAnswer } from '../workflows/contract.ts';
import type { HoneClient } from './connect.ts';
import { commandRollout } from './decisions.ts';
import { DecisionRefused, RunClosed, RunUnknown, WorkerSilent } from './errors.ts';
import { sendTrigger } from './owner.ts';
import { modelOfRun } from './run-id.ts';
import { type RunStory, runStory } from './run-story.ts';
import { requireWorker, withPatience } from './workers.ts';

const PATIENCE_MS = 15_000;
/** Beyond the owner's merge window. */
const DECIDED_WITHIN_MS = 30_000;
const COMMAND_ANSWERED_WITHIN_MS = 10_000;

/**
 * The answer to a decision or a comment. An ended run is told as such even when no worker is there to answer.
 *
 * @throws DecisionRefused, RunUnknown, RunClosed, WorkerMissing, WorkerSilent, TemporalUnreachable
 */
export async function answered(client: HoneClient, run: string, call: () => Promise<string>): Promise<string> {
  modelOfRun(run);
  const found = await client.describeRun(run);
  if (found === 'missing') throw new RunUnknown(run);
  if (found === 'closed') throw new RunClosed(run, null);
  await requireWorker(client);
  return await withPatience(client, PATIENCE_MS, call());
}

/**
 * What the owner answers to somebody who asks for a run. @throws TriggerRefused, WorkerMissing, WorkerSilent,
 * TemporalUnreachable, StoreUnreachable
 */
export async function answeredTrigger(
  services: { readonly client: HoneClient; readonly store: ObjectStore },
  { model, triggers }: ModelConfig,
  trigger: Trigger,
): Promise<TriggerAnswer> {
  await requireWorker(services.client);
  const over = new AbortController();
  const asked = sendTrigger(services, model, trigger, over.signal);
  const patience = durationMs(triggers.merge_window) + DECIDED_WITHIN_MS;
  return await withPatience(services.client, patience, asked).finally(() => over.abort());
}

/**
 * Sends `pause`, `resume`, `promote` or `abort`. A signal has no reply: its answer is the newest message of this name
 * in the run's status.
 *
 * @throws DecisionRefused with the run's answer, RunUnknown, RunClosed, WorkerSilent, TemporalUnreachable
 */
export async function answeredCommand(
  { client, store }: { readonly client: HoneClient; readonly store: ObjectStore },
  run: string,
  name: string,
  { by, reason }: { by: string; reason?: string | undefined },
): Promise<string> {
  const sent = ({ messages }: RunStory) => messages.filter((message) => message.name === name);
  const before = await runStory(client, store, run);
  if (!before.open) throw new RunClosed(run, before.outcome);
  await commandRollout(client, run, name, { by, ...(reason === undefined ? {} : { reason }) });
  for (const deadline = Date.now() + COMMAND_ANSWERED_WITHIN_MS; Date.now() < deadline; await sleep(100)) {
    const messages = sent(await runStory(client, store, run));
    const answer = messages.length > sent(before).length ? messages.at(-1) : undefined;
    if (answer === undefined) continue;
    if (!answer.accepted) throw new DecisionRefused(answer.answer);
    return answer.answer;
  }
  throw new WorkerSilent(client.taskQueue, COMMAND_ANSWERED_WITHIN_MS);
}
