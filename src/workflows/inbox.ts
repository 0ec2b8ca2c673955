/** The owner's inbox: every trigger gets one answer, whoever sent it, by signal or update, however often. */
import { condition, setHandler, uuid4 } from '@temporalio/workflow';
import { readTrigger } from '../policy/triggers.ts';
import type { Trigger, TriggerAnswer } from './contract.ts';
import * as messages from './messages.ts';

export interface Item {
  readonly trigger: Trigger & { readonly eventId: string };
  answer: TriggerAnswer | null;
}

export interface Inbox {
  readonly size: () => number;
  /** The oldest, to be decided together; until they are answered, repeated ones join them. */
  take(): readonly Item[];
  /** What was taken could not be decided; it comes first again. */
  putBack(): void;
  answer(items: readonly Item[], answers: readonly TriggerAnswer[]): void;
}

/** Decided together at most. The rest follows as the next batch. */
const TOGETHER = 500;

/** @param refused is told what was wrong with an unreadable signal, which has no other answer */
export function openInbox(refused: (sentence: string) => void): Inbox {
  const arrived: Item[] = [];
  let deciding: readonly Item[] = [];

  const receive = (trigger: Trigger): Item => {
    const eventId = trigger.eventId ?? uuid4();
    const same = [...deciding, ...arrived].find((other) => other.trigger.eventId === eventId);
    if (same) return same;
    const item: Item = { trigger: { ...trigger, eventId }, answer: null };
    arrived.push(item);
    return item;
  };

  setHandler(
    messages.triggerSignal,
    (body) => {
      const read = readTrigger(body);
      if ('refused' in read) refused(read.refused);
      else receive(read.trigger);
    },
    { description: 'Ask for a run: {"kind":"manual|drift|event|…","reason":"…","by":"<your name>"}' },
  );
  setHandler(
    messages.triggerUpdate,
    async (body) => {
      const read = readTrigger(body);
      if ('refused' in read) return { answer: 'skipped', run: null, reason: read.refused };
      const item = receive(read.trigger);
      await condition(() => item.answer !== null);
      return item.answer as TriggerAnswer;
    },
    {
      validator: (body) => {
        const read = readTrigger(body);
        if ('refused' in read) throw new Error(read.refused);
      },
    },
  );

  return {
    size: () => arrived.length,
    take() {
      deciding = arrived.splice(0, TOGETHER);
      return deciding;
    },
    putBack() {
      arrived.unshift(...deciding);
      deciding = [];
    },
    answer(items, given) {
      for (const [index, item] of items.entries()) item.answer = given[index] as TriggerAnswer;
      deciding = [];
    },
  };
}
