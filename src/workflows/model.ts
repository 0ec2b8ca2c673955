/**
 * The owner of a model: one workflow that queues triggers and decides when the next run starts.
 *
 * Its truth is the ledger: terminate it and a fresh one, started by the next trigger, knows as much.
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  ParentClosePolicy,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  sleep,
  startChild,
  uuid4,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { durationMs } from '../config/values.ts';
import { isUndecodable } from '../policy/approvals.ts';
import { type RunOrder, type Trigger, type TriggerAnswer, trigger } from './contract.ts';
import * as messages from './messages.ts';
import { honeModel, honeRun, honeTrigger } from './search-attributes.ts';
import { decisions, step } from './steps.ts';

/** Event ids are remembered this long and this many, whichever ends first. */
const REMEMBERED = { count: 1000, ms: durationMs('P7D') } as const;
/** While a run is active: how often the owner looks whether it still exists. */
const LOOK_AFTER = durationMs('PT15M');
const FRESH_DAILY = durationMs('P1D');
/** More than this at once are answered `skipped` and counted. */
const INBOX = 500;

export interface OwnerInput {
  readonly model: string;
  /** Survives continue-as-new; lost with a termination, which costs a pending request at most. */
  readonly carried?: {
    readonly seen: readonly { readonly id: string; readonly at: number; readonly answer: TriggerAnswer }[];
    readonly pending: readonly Trigger[];
  };
}

interface Waiting {
  readonly trigger: Trigger & { eventId: string };
  answer: TriggerAnswer | null;
}

export async function model(input: OwnerInput): Promise<void> {
  const inbox: Waiting[] = [];
  let pending: Trigger[] = [...(input.carried?.pending ?? [])];
  let seen = [...(input.carried?.seen ?? [])];
  let finished = false;
  const notes: string[] = [];
  const note = (text: string) => {
    notes.push(`${new Date().toISOString()} ${text}`);
    setCurrentDetails(
      `Owner of **${input.model}**\n\n${notes
        .slice(-12)
        .map((line) => `- ${line}`)
        .join('\n')}`,
    );
  };

  const receive = (body: unknown): Waiting => {
    const parsed = trigger.safeParse(isUndecodable(body) ? undefined : body);
    if (!parsed.success) {
      const problem = parsed.error.issues[0];
      const reason = `refused: ${problem?.path.join('.') || 'trigger'}: ${problem?.message}. Send {"kind":"manual","reason":"…","by":"<your name>"}`;
      note(reason);
      return {
        trigger: { kind: 'manual', reason: 'unreadable', by: 'unknown', eventId: uuid4() },
        answer: { answer: 'skipped', run: null, reason },
      };
    }
    const eventId = parsed.data.eventId ?? uuid4();
    const item: Waiting = {
      trigger: { ...parsed.data, eventId },
      answer: seen.find((old) => old.id === eventId)?.answer ?? null,
    };
    const same = inbox.find((other) => other.trigger.eventId === eventId);
    if (same) return same;
    if (!item.answer && inbox.length >= INBOX)
      item.answer = { answer: 'skipped', run: null, reason: `more than ${INBOX} triggers at once` };
    if (!item.answer) inbox.push(item);
    return item;
  };
  setHandler(messages.triggerSignal, (body) => void receive(body), {
    description: 'Ask for a run: {"kind":"manual|drift|event|…","reason":"…","by":"<your name>"}',
  });
  setHandler(messages.triggerUpdate, async (body) => {
    const item = receive(body);
    await condition(() => item.answer !== null);
    return item.answer as TriggerAnswer;
  });
  setHandler(messages.runFinishedUpdate, () => {
    finished = true;
    return 'noted';
  });
  setHandler(messages.configAppliedSignal, () => note('a new configuration is current'));
  setDefaultSignalHandler((name) => note(`unknown signal "${name.slice(0, 60)}" ignored; did you mean trigger?`));

  const answerAll = (items: readonly Waiting[], answers: readonly TriggerAnswer[]) => {
    for (const [index, item] of items.entries()) {
      const answer = answers[index] as TriggerAnswer;
      item.answer = answer;
      seen.push({ id: item.trigger.eventId, at: Date.now(), answer });
    }
    seen = seen.filter((old) => Date.now() - old.at < REMEMBERED.ms).slice(-REMEMBERED.count);
    for (const answer of new Set(answers.map((given) => `${given.answer} ${given.run ?? ''}: ${given.reason}`)))
      note(answer);
  };

  let active = (await decisions.recallOwner(input.model, { fresh: input.carried === undefined })).activeRun;
  const born = Date.now();
  for (;;) {
    const woken = await condition(
      () => inbox.length > 0 || finished || (pending.length > 0 && !active),
      active ? LOOK_AFTER : FRESH_DAILY,
    );
    if (active && (finished || !woken)) {
      active = (await step('short', `is ${active} still there`).lookAfterRun(input.model, active)).activeRun;
    }
    finished = false;

    if (inbox.length > 0 || (pending.length > 0 && !active)) {
      if (!active)
        await sleep((await decisions.recallOwner(input.model, { fresh: false })).mergeWindowMs, {
          summary: 'merge window',
        });
      const items = inbox.splice(0);
      const waited = pending.splice(0);
      const considered = await decisions.considerTriggers(input.model, {
        triggers: [...waited, ...items.map((item) => item.trigger)],
        waited: waited.length,
      });
      if (considered.order) {
        await startRun(input.model, considered.order);
        active = considered.order.ref.run;
      }
      pending = considered.pending;
      answerAll(items, considered.answers);
    }

    const aged = Date.now() - born > FRESH_DAILY || workflowInfo().continueAsNewSuggested;
    if (inbox.length === 0 && !finished && (aged || (woken && !active && pending.length === 0))) {
      await condition(allHandlersFinished);
      if (inbox.length === 0 && !finished)
        await continueAsNew<typeof model>({ model: input.model, carried: { seen, pending } });
    }
  }
}

/** ABANDON: with the default a continue-as-new of the owner would terminate the run, and no undo would happen. */
async function startRun(name: string, order: RunOrder): Promise<void> {
  try {
    await startChild('retraining', {
      workflowId: order.ref.run,
      args: [order],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      typedSearchAttributes: [
        { key: honeModel, value: name },
        { key: honeRun, value: order.ref.run },
        { key: honeTrigger, value: order.ref.trigger },
      ],
      staticSummary: `${order.ref.trigger}: ${order.reasons[0]?.reason ?? ''}`.slice(0, 200),
    });
  } catch (error) {
    if ((error as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw error;
  }
}
