/** What the owner answered, for the person who asked for a run. */
import type { TriggerAnswer } from '../../workflows/contract.ts';

export function answerText(model: string, { answer, run, reason }: TriggerAnswer): string {
  switch (answer) {
    case 'started':
      return `${run} started: ${reason}. Follow it: hone run watch ${run}`;
    case 'merged':
      return `Merged into ${run}, which lists this reason too: ${reason}. Follow it: hone run watch ${run}`;
    case 'queued':
      return `Queued: ${reason}. Follow the active run: hone run watch ${run}`;
    case 'skipped':
      return `Not started: ${reason}. What is allowed now: hone model plan ${model}`;
    default:
      return answer satisfies never;
  }
}
