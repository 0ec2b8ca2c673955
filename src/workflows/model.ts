/**
 * The owner of a model: one workflow that queues triggers and decides when the next run starts.
 *
 * Its truth is the ledger: terminate it and a fresh one, started by the next trigger, knows as much.
 */
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  ParentClosePolicy,
  rootCause,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  setWorkflowOptions,
  sleep,
  startChild,
  TemporalFailure,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import type { Published, Recalled } from '../activities/owner.ts';
import { durationMs } from '../config/values.ts';
import type { RunOrder, TriggerAnswer } from './contract.ts';
import { openInbox } from './inbox.ts';
import * as messages from './messages.ts';
import { plain } from './plain.ts';
import { honeModel, honeRun, honeTrigger } from './search-attributes.ts';
import { decisions, step } from './steps.ts';
import { followsCurrentBuild } from './versioning.ts';

/** While a run is active: how often the owner looks whether it still exists. */
const LOOK_AFTER = durationMs('PT15M');
const FRESH_DAILY = durationMs('P1D');
const TRY_AGAIN = durationMs('PT1M');
/** What it did last, for Temporal's page. */
const NOTES_KEPT = 12;

export interface OwnerInput {
  readonly model: string;
  /** Survives continue-as-new; a fresh owner recalls what waits from the store. */
  readonly carried?: { readonly waiting: Recalled['waiting']; readonly notes: readonly string[] };
}

setWorkflowOptions(followsCurrentBuild, model);
export async function model({ model: name, carried }: OwnerInput): Promise<void> {
  const { notes, note } = openNotes(name, carried?.notes ?? []);
  const inbox = openInbox(note);
  let told = false;
  setHandler(messages.runFinishedSignal, () => {
    told = true;
  });
  setHandler(messages.configAppliedSignal, () => note('a new configuration is current'));
  setDefaultSignalHandler((signal) => note(`Unknown signal "${signal.slice(0, 60)}". Did you mean trigger?`));

  const born = Date.now();
  let known = carried !== undefined;
  let active: string | null = null;
  let waiting = carried?.waiting ?? null;
  let looked = born;
  /** Where a decision failed: not again before. */
  const notBefore = { inbox: 0, waiting: 0 };
  const ready = () =>
    (inbox.size() > 0 && Date.now() >= notBefore.inbox) ||
    (waiting !== null && !active && Date.now() >= notBefore.waiting);
  const due = () => {
    const times: number[] = [];
    if (active) times.push(looked + LOOK_AFTER);
    if (inbox.size() > 0) times.push(notBefore.inbox);
    if (waiting !== null && !active) times.push(notBefore.waiting);
    return times.length > 0 ? Math.min(...times) : born + FRESH_DAILY;
  };
  const look = async (): Promise<number> => {
    looked = Date.now();
    try {
      const recalled = await decisions.recallOwner(name);
      if (active && !recalled.activeRun) note(`${active} is over`);
      active = recalled.activeRun;
      if (!known) waiting = recalled.waiting;
      known = true;
      return recalled.mergeWindowMs;
    } catch (error) {
      note(`could not read the ledger: ${failureOf(error).reason}`);
      return 0;
    }
  };
  const publish = async (published: Published): Promise<void> => {
    try {
      await step('asking', 'keep the answers').publishAnswers(name, published);
    } catch (error) {
      note(`could not keep the answers: ${failureOf(error).reason}`);
    }
  };

  await look();
  for (let over = false; ; over = false) {
    const woken = () => told || ready() || (isLong() && inbox.size() === 0);
    if (Date.now() < due()) await condition(woken, due() - Date.now());
    const ended = told;
    told = false;
    if (active && (ended || Date.now() >= looked + LOOK_AFTER)) {
      await look();
      over = !active;
    }

    if (ready()) {
      if (!active) {
        const mergeWindow = await look();
        if (!active && mergeWindow > 0) await sleep(mergeWindow, { summary: 'merge window' });
      }
      const items = inbox.take();
      try {
        const arrived = items.map((item) => item.trigger);
        const decided = await decisions.considerTriggers(name, { arrived, waiting });
        if (decided.order) await startRun(name, decided.order);
        else if (decided.activeRun !== active) looked = 0; // a run that nobody told of: look at it at once
        active = decided.activeRun;
        waiting = decided.waiting;
        await publish({ decision: decided.decision, waiting });
        inbox.answer(items, decided.answers);
        for (const line of new Set(decided.answers.map(lineOf))) note(line);
      } catch (error) {
        const { reason, passing } = failureOf(error);
        note(`could not decide: ${reason}`);
        notBefore.waiting = Date.now() + LOOK_AFTER;
        if (passing) {
          notBefore.inbox = Date.now() + TRY_AGAIN;
          inbox.putBack();
        } else {
          const answer: TriggerAnswer = { answer: 'skipped', run: null, reason: `not decided: ${reason}` };
          await publish({ undecided: items.map((item) => item.trigger.eventId), reason: answer.reason });
          inbox.answer(
            items,
            items.map(() => answer),
          );
        }
      }
    }

    const aged = Date.now() - born >= FRESH_DAILY || isLong();
    const idle = () => inbox.size() === 0 && !told;
    if (idle() && (aged || (over && !active && !waiting))) {
      await condition(allHandlersFinished);
      if (idle()) await continueAsNew<typeof model>({ model: name, carried: { waiting, notes } });
    }
  }
}

/** Of whatever made it so: messages that are refused count as well. */
const isLong = () => workflowInfo().continueAsNewSuggested;

const lineOf = ({ answer, run, reason }: TriggerAnswer) => `${answer} ${run ?? ''}: ${reason}`;

/** The owner goes on whatever happens to ledger, store or configuration. `passing`: it may be better in a minute. */
function failureOf(error: unknown): { reason: string; passing: boolean } {
  if (!(error instanceof TemporalFailure) || isCancellation(error)) throw error;
  const cause = error instanceof ApplicationFailure ? error : error.cause;
  const final = cause instanceof ApplicationFailure && cause.nonRetryable;
  return { reason: (rootCause(error) ?? error.message).slice(0, 300), passing: !final };
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
      staticSummary: plain(`${order.ref.trigger}: ${order.reasons[0]?.reason ?? ''}`, 200),
    });
  } catch (error) {
    if ((error as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw error;
  }
}

function openNotes(name: string, before: readonly string[]) {
  const notes = [...before];
  const show = () => setCurrentDetails(`Owner of **${name}**\n\n${notes.map((line) => `- ${line}`).join('\n')}`);
  show();
  return {
    notes,
    note(text: string) {
      notes.push(`${new Date().toISOString()} ${plain(text)}`);
      notes.splice(0, notes.length - NOTES_KEPT);
      show();
    },
  };
}
