/** One run's face: its stages in memo, search attributes and current details, readable without a worker. */
import {
  CancellationScope,
  CancelledFailure,
  condition,
  setCurrentDetails,
  sleep,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Message } from '../policy/approvals.ts';
import type { Outcome, RunEnd, RunOrder, RunRef, Stage, StageRecord } from './contract.ts';
import { plain } from './plain.ts';
import { honeNeeds, honeStage, honeVerdict } from './search-attributes.ts';
import { step } from './steps.ts';

export interface Waiting {
  readonly for: string;
  readonly deadline: string | null;
  readonly then: string;
  readonly needs: 'approval' | 'inconclusive' | null;
  /** Markdown for Temporal's page: the packet and the exact reply. */
  readonly details?: string;
}

/** What a run shows; mutable on purpose, since handlers and queries read it while the story goes on. */
export interface Run {
  readonly order: RunOrder;
  ref: RunRef;
  readonly view: {
    stage: Stage;
    stages: StageRecord[];
    waiting: Waiting | null;
    packet: string | null;
    sentence: string;
    outcome: Outcome | null;
    messages: readonly Message[];
    messagesDropped: number;
  };
  stage<T>(stage: Stage, work: () => Promise<T>): Promise<T>;
  wait<T>(waiting: Waiting, work: () => Promise<T>): Promise<T>;
  say(sentence: string): void;
  show(): void;
  untilAsOf(target: string, summary: string): Promise<string>;
  end(outcome: Outcome, version: number | null, sentence: string): Promise<RunEnd>;
}

export function openRun(order: RunOrder): Run {
  const view: Run['view'] = {
    stage: 'ingest',
    stages: [],
    waiting: null,
    packet: null,
    sentence: `Started by ${order.reasons.map((given) => given.kind).join(', ')}: ${order.reasons[0]?.reason ?? ''}`,
    outcome: null,
    messages: [],
    messagesDropped: 0,
  };
  const now = () => new Date().toISOString();
  let shown = '';
  let listed = '';

  const run: Run = {
    order,
    ref: order.ref,
    view,
    async stage(stage, work) {
      view.stage = stage;
      view.stages.push({ stage, started: now(), ended: null });
      run.show();
      const result = await work();
      // An activity may come to its end although it was asked to stop; the run does not go on from there.
      if (CancellationScope.current().consideredCancelled) throw new CancelledFailure(`cancelled in ${stage}`);
      const last = view.stages.at(-1);
      if (last) view.stages[view.stages.length - 1] = { ...last, ended: now() };
      return result;
    },
    async wait(waiting, work) {
      view.waiting = waiting;
      run.show();
      try {
        return await work();
      } finally {
        view.waiting = null;
        run.show();
      }
    },
    say(sentence) {
      view.sentence = sentence;
    },
    show() {
      setCurrentDetails(detailsOf(run));
      const { stage, waiting, packet, sentence, outcome } = view;
      const memo = {
        stage,
        waitingFor: waiting?.for ?? null,
        deadline: waiting?.deadline ?? null,
        packet,
        sentence,
        outcome,
        lastAnswer: lastAnswerOf(view),
      };
      if (JSON.stringify(memo) === shown) return; // each upsert is an event in history
      shown = JSON.stringify(memo);
      upsertMemo(memo);
      const found = [stage, outcome, waiting?.needs ?? null] as const;
      if (found.join() === listed) return;
      listed = found.join();
      upsertSearchAttributes([
        { key: honeStage, value: found[0] },
        { key: honeVerdict, value: found[1] },
        { key: honeNeeds, value: found[2] },
      ]);
    },
    async untilAsOf(target, summary) {
      const wait = Date.parse(target) - Date.parse(run.ref.as_of);
      if (order.plan.clock === 'logical') return await step('watching', summary).awaitLogicalTime(target);
      await sleep(Math.max(wait, 0), { summary });
      return await step('short', 'what time is it for the model').asOfNow();
    },
    end: (outcome, version, sentence) =>
      CancellationScope.nonCancellable(async () => {
        view.outcome = outcome;
        view.sentence = sentence;
        run.show();
        let end: RunEnd = { run: order.ref.run, outcome, version, sentence };
        const { stages, messages } = view;
        const closing = { end, stages, messages: [...messages] };
        // Histories of before it returned anything are replayed.
        end = (await step('undo', `record the end: ${outcome}`).closeRun(run.ref, closing)) ?? end;
        if (end.outcome !== outcome) {
          Object.assign(view, { outcome: end.outcome, sentence: end.sentence });
          run.show();
        }
        await step('undo', 'tell the owner').reportRunFinished(run.ref, end);
        return end;
      }),
  };
  return run;
}

function detailsOf(run: Run): string {
  const { view, order } = run;
  const waiting = view.waiting;
  const waits = waiting
    ? `Waiting for ${waiting.for}${waiting.deadline ? ` until ${waiting.deadline}` : ''}; then: ${waiting.then}.`
    : '';
  const answers = answersOf(view.messages);
  // A packet is long: whoever sent something looks for the answer above it. It brings its own headline.
  const body = waiting?.details
    ? [waits, answers, waiting.details]
    : [`**${plain(view.sentence, 2000)}**`, waits, answers];
  return [
    ...body,
    `Stages: ${view.stages.map((done) => (done.ended ? done.stage : `**${done.stage}**`)).join(' → ')}`,
    `${order.ref.model}, as of ${run.ref.as_of}, ${order.reasonCount} reason(s), workflow ${workflowInfo().workflowId}`,
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** A signal has no reply: its answer stands here. */
function answersOf(messages: readonly Message[]): string {
  if (messages.length === 0) return '';
  const lines = messages
    .slice(-5)
    .map((sent) => `- ${sent.at} ${sent.name}${sent.by ? ` by ${plain(sent.by)}` : ''}: ${plain(sent.answer)}`);
  return `Last messages:\n\n${lines.join('\n')}`;
}

/** For lists that ask no worker. A flood of messages must not fill the history with what is shown of them. */
function lastAnswerOf({ messages, messagesDropped }: Run['view']): string | null {
  if (messagesDropped > 0) return 'More messages than a run keeps; the last answers are in its status.';
  return messages.at(-1)?.answer.slice(0, 300) ?? null;
}

/** Waits until the predicate holds or the workflow clock has passed the deadline; true when it holds. */
export async function until(holds: () => boolean, ms: number, summary: string): Promise<boolean> {
  return await condition(holds, Math.max(ms, 1), { summary });
}
