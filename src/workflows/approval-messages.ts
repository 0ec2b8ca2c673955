/** The door of the approval desk: signals, updates and whatever else is sent all have the same way in. */
import { ApplicationFailure, setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import type { Answer } from '../policy/approvals.ts';
import * as messages from './messages.ts';

/**
 * An update is told at once what a signal reads in the details.
 *
 * @param likely the answer that can be foreseen: what is refused anyhow never enters history
 */
export function listen(
  take: (name: string, body: unknown) => Promise<Answer>,
  likely: (name: string, body: unknown) => Answer,
  poke: () => void,
): void {
  const hint = 'one JSON object: {"packet":"<first 8 digits>","by":"<your name>","comment":"…"}';
  const signals = [
    [messages.approveSignal, `Approve the packet: ${hint}`],
    [messages.rejectSignal, `Reject, with the reason: ${hint}`],
    [messages.commentSignal, 'Leave a note: {"by":"…","comment":"…"}'],
  ] as const;
  for (const [signal, description] of signals)
    setHandler(signal, async (body) => void (await take(signal.name, body)), { description });
  setDefaultSignalHandler(async (name, ...args) => void (await take(name, args[0])));
  setHandler(messages.lookSignal, poke, { description: 'Something that a decision rests on may have moved: look.' });

  const refuse = (text: string): never => {
    throw ApplicationFailure.nonRetryable(text, 'HONE_DECISION_REFUSED');
  };
  for (const update of [messages.approveUpdate, messages.rejectUpdate, messages.commentUpdate]) {
    const validator = (body: unknown) => {
      const answer = likely(update.name, body);
      if (!answer.accepted) refuse(answer.text);
    };
    const handler = async (body: unknown) => {
      const answer = await take(update.name, body);
      return answer.accepted ? answer.text : refuse(answer.text);
    };
    setHandler(update, handler, { validator });
  }
}
