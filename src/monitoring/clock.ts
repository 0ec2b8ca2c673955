/** When a model is looked at: its usual clock, and a shorter one while features have moved or a shift is not yet learnt. Pure. */
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import type { TickReport } from './contract.ts';

type Clock = Pick<ModelConfig['monitoring'], 'every' | 'after_shift'>;

/** How often the schedule must ask, in milliseconds: whether it is time is decided by each look. */
export function scheduleEveryMs({ every, after_shift: afterShift }: Clock): number {
  return Math.min(durationMs(every), durationMs(afterShift?.every ?? every));
}

/**
 * Whether a scheduled look is due. Intervals are counted from the epoch, as Temporal's schedules count them, so that a look
 * that came late does not put off the next one.
 *
 * @param last the newest look; null before the first
 */
export function isDue(clock: Clock, last: TickReport | null, asOf: string): boolean {
  if (last === null) return true;
  const interval = isUnsettled(last) ? scheduleEveryMs(clock) : durationMs(clock.every);
  const nth = (at: string): number => Math.floor(Date.parse(at) / interval);
  return nth(asOf) > nth(last.as_of);
}

/** Something moved whose meaning for quality is still to be seen, or the champion was trained in the middle of a shift. */
function isUnsettled({ open_incidents: open, findings }: TickReport): boolean {
  return open.some((incident) => /^drift-/.test(incident)) || findings.some(({ kind }) => kind === 'after_shift');
}
