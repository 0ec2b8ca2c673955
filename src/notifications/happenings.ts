/** What is worth telling of a ledger entry, of a monitoring tick and of a run that waits. Pure. */

import type { ModelConfig } from '../config/model.ts';
import type { TickReport } from '../monitoring/contract.ts';
import { changeText } from '../registry/change-text.ts';
import type { Change, LedgerEntry } from '../registry/contract.ts';
import type { Happening } from './contract.ts';

type Told = Pick<Happening, 'type' | 'severity'>;

/** Ends of runs that somebody should look at; promotions are told by themselves, other ends are told as information. */
const ENDS: Readonly<Record<string, Told>> = {
  refused_by_validation: { type: 'data.rejected', severity: 'warn' },
  rejected_by_gate: { type: 'gate.rejected', severity: 'warn' },
  inconclusive: { type: 'gate.inconclusive', severity: 'warn' },
  expired: { type: 'approval.expired', severity: 'warn' },
  failed: { type: 'run.failed', severity: 'page' },
  rolled_back: { type: 'run.rolled_back', severity: 'page' },
};

/** @returns undefined for book-keeping */
function toldOf(change: Change): Told | undefined {
  switch (change.kind) {
    case 'config_applied':
      return { type: 'config.changed', severity: 'info' };
    case 'model_paused':
      return { type: 'config.paused', severity: 'warn' };
    case 'run_started':
      return { type: 'run.started', severity: 'info' };
    case 'run_ended':
      return change.outcome === 'promoted'
        ? undefined
        : (ENDS[change.outcome] ?? { type: 'run.ended', severity: 'info' });
    case 'version_staged':
      return change.break_glass ? { type: 'approval.break_glass', severity: 'page' } : undefined;
    case 'rollout_step':
      return { type: 'rollout.step', severity: 'info' };
    case 'rollout_undone':
      return { type: 'rollout.undone', severity: 'warn' };
    case 'promoted':
      return { type: 'promoted', severity: 'info' };
    case 'rolled_back':
      return { type: 'rolledback', severity: change.automatic ? 'page' : 'warn' };
    case 'return_failed':
      return { type: 'rollback.failed', severity: 'page' };
    case 'frozen':
      return { type: 'frozen', severity: 'warn' };
    case 'lock_released':
      return { type: 'run.lost', severity: 'warn' };
    case 'repaired':
      return { type: 'repaired', severity: 'warn' };
    case 'unfrozen':
      return { type: 'unfrozen', severity: 'info' };
    default:
      return undefined;
  }
}

export function happeningOfEntry(
  model: string,
  { seq, as_of, actor, why, change, state }: LedgerEntry,
): Happening | undefined {
  const told = toldOf(change);
  if (told === undefined) return undefined;
  const run = 'run' in change ? change.run : (state.activeRun?.run ?? null);
  const sentence = `${model}: ${changeText(change)} (${actor}). ${why}`.slice(0, 600);
  return { ...told, model, id: `${model}/ledger/${seq}`, as_of, thread: run ?? `${model}/changes`, run, sentence };
}

/** Incidents that opened, changed or ended at a tick. */
export function happeningsOfTick({ model, as_of, actions }: TickReport): Happening[] {
  return actions.flatMap((action): Happening[] => {
    if (action.kind !== 'alert') return [];
    const { incident, severity, status, sentence } = action;
    return [
      {
        ...{ model, as_of, severity, run: null, type: `incident.${status}`, thread: `${model}/${incident}` },
        id: `${model}/incident/${incident}/${as_of}`,
        sentence: `${model}: ${sentence}`.slice(0, 1200),
      },
    ];
  });
}

export interface WaitingRun {
  readonly model: string;
  readonly run: string;
  readonly packet: string;
  readonly sentence: string;
  readonly deadline: string | null;
  /** When people are called again; absent where no configuration was ever applied. */
  readonly policy?: Pick<ModelConfig['approval']['otherwise'], 'deadline' | 'remind' | 'escalate' | 'on_expiry'>;
}

export function happeningOfWaiting({ model, run, packet, sentence, deadline }: WaitingRun, asOf: string): Happening {
  const until = deadline === null ? '' : ` Decide by ${deadline.slice(0, 16)}Z.`;
  return {
    ...{ model, run, as_of: asOf, type: 'approval.requested', severity: 'warn', thread: run },
    id: `${model}/approval/${run}/${packet}`,
    sentence: `${run} waits for a person (packet ${packet.slice(0, 8)}). ${sentence}${until}`.slice(0, 1200),
  };
}
