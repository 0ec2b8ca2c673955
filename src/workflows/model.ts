/**
 * The owner of a model: one workflow that queues triggers and decides when the next run starts.
 *
 * Its truth is the ledger: terminate it and a fresh one, started by the next trigger, knows as much.
 */
import {
  ActivityFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  ParentClosePolicy,
  rootCause,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  sleep,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import type { Decided, Recalled } from '../activities/owner.ts';
import { durationMs } from '../config/values.ts';
import type { RunOrder, TriggerAnswer } from './contract.ts';
import { type Item, openInbox } from './inbox.ts';
import * as messages from './messages.ts';
import { plain } from './plain.ts';
import { honeModel, honeRun, honeTrigger } from './search-attributes.ts';
import { decisions, step } from './steps.ts';

/** While a run is active: how often the owner looks whether it still exists. */
const LOOK_AFTER = durationMs('PT15M');
const FRESH_DAILY = durationMs('P1D');
/** What it did last, for Temporal's page. */
const NOTES_KEPT = 12;

export interface OwnerInput {
  readonly model: string;
  /** Survives continue-as-new; a fresh owner recalls what waits from the store. */
  readonly carried?: { readonly waiting: Recalled['waiting']; readonly notes: readonly string[] };
}

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
  /** Where a decision failed, what waits is tried again then. */
  let retryAt = 0;
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
      note(`could not read the ledger: ${reasonOf(error)}`);
      return 0;
    }
  };

  await look();
  for (let over = false; ; over = false) {
    const due = active ? looked + LOOK_AFTER : waiting ? retryAt : born + FRESH_DAILY;
    if (Date.now() < due) await condition(() => inbox.size() > 0 || told, due - Date.now());
    const ended = told;
    told = false;
    if (active && (ended || Date.now() >= looked + LOOK_AFTER)) {
      await look();
      over = !active;
    }

    if (inbox.size() > 0 || (waiting && !active && Date.now() >= retryAt)) {
      if (!active) {
        const mergeWindow = await look();
        if (!active && mergeWindow > 0) await sleep(mergeWindow, { summary: 'merge window' });
      }
      const items = inbox.take();
      const decided = await decide(name, items, waiting);
      if (decided.order) await startRun(name, decided.order);
      else if (decided.activeRun !== active) looked = 0; // a run that nobody told of: look at it at once
      active = decided.activeRun;
      waiting = decided.waiting;
      retryAt = decided.decision === null ? Date.now() + LOOK_AFTER : 0;
      await publish(name, decided, note);
      inbox.answer(items, decided.answers);
      for (const text of new Set(decided.answers.map(({ answer, run, reason }) => `${answer} ${run ?? ''}: ${reason}`)))
        note(text);
    }

    const aged = Date.now() - born >= FRESH_DAILY || workflowInfo().continueAsNewSuggested;
    const idle = () => inbox.size() === 0 && !told;
    if (idle() && (aged || (over && !active && !waiting))) {
      await condition(allHandlersFinished);
      if (idle()) await continueAsNew<typeof model>({ model: name, carried: { waiting, notes } });
    }
  }
}

type Outcome = Pick<Decided, 'order' | 'answers' | 'waiting' | 'activeRun'> & { readonly decision: string | null };

/** What cannot be decided is answered too: the owner goes on whatever happens to ledger or configuration. */
async function decide(name: string, items: readonly Item[], waiting: Recalled['waiting']): Promise<Outcome> {
  try {
    return await decisions.considerTriggers(name, { arrived: items.map((item) => item.trigger), waiting });
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const answer: TriggerAnswer = { answer: 'skipped', run: null, reason: `not decided: ${reasonOf(error)}` };
    return { order: null, answers: items.map(() => answer), waiting, activeRun: null, decision: null };
  }
}

async function publish(name: string, { decision, waiting }: Outcome, note: (text: string) => void): Promise<void> {
  if (decision === null) return;
  try {
    await step('short', 'keep the answers').publishAnswers(name, { decision, waiting });
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    note(`could not keep the answers: ${reasonOf(error)}`);
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

function reasonOf(error: unknown): string {
  return (rootCause(error) ?? String(error)).slice(0, 300);
}
