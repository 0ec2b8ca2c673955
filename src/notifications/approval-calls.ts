/** Reminders and the escalation of a run that waits, told when the policy says so. Pure. */
import { durationMs } from '../config/values.ts';
import type { Happening } from './contract.ts';
import type { WaitingRun } from './happenings.ts';

interface Call {
  /** In the cursor, beside the packets that were told of. */
  readonly key: string;
  readonly type: 'approval.reminder' | 'approval.escalated';
  readonly at: number;
  readonly says: string;
}

/**
 * What is due and was not told yet. Of reminders that came due between two looks only the last is told; all are over.
 *
 * @param told keys of calls that are over @param now ISO instant of the clock that rules deadlines
 */
export function dueCalls(
  run: WaitingRun,
  { told, asOf, now }: { told: ReadonlySet<string>; asOf: string; now: string },
): { readonly happenings: readonly Happening[]; readonly over: readonly string[] } {
  const due = callsOf(run).filter(({ at }) => at <= Date.parse(now));
  const fresh = due.filter(({ key }) => !told.has(key));
  const reminder = fresh.findLast(({ type }) => type === 'approval.reminder');
  const tell = fresh.filter((call) => call === reminder || call.type === 'approval.escalated');
  return { happenings: tell.map((call) => happeningOf(run, call, asOf)), over: due.map(({ key }) => key) };
}

function callsOf({ packet, deadline, policy }: WaitingRun): Call[] {
  if (deadline === null || policy === undefined) return [];
  const length = durationMs(policy.deadline);
  const began = Date.parse(deadline) - length;
  const reminders = policy.remind.map((part): Call => {
    const key = `${packet}/reminder/${part}`;
    const says = `${Math.round(part * 100)} % of the time to decide is over`;
    return { key, type: 'approval.reminder', at: began + part * length, says };
  });
  const { escalate } = policy;
  if (escalate === 'never') return reminders;
  const says = `nobody has decided within ${escalate.after}; from now on ${escalate.to.join(', ')} may decide too`;
  const escalation = { key: `${packet}/escalation`, type: 'approval.escalated', says } as const;
  return [...reminders, { ...escalation, at: began + durationMs(escalate.after) }].sort((a, b) => a.at - b.at);
}

function happeningOf({ model, run, packet, deadline, policy }: WaitingRun, call: Call, asOf: string): Happening {
  const then = policy === undefined ? '' : `, then: ${policy.on_expiry}`;
  return {
    ...{ model, run, as_of: asOf, type: call.type, severity: 'warn', thread: run },
    id: `${model}/approval/${run}/${call.key}`,
    sentence: `${run} still waits for a person (packet ${packet.slice(0, 8)}): ${call.says}. Decide by ${deadline?.slice(0, 16)}Z${then}.`,
  };
}
