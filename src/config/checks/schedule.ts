/** A schedule that Temporal will accept and that does not fire faster than a model can be renewed. */
import { Cron } from 'croner';
import { durationMs } from '../values.ts';
import type { Check, Complaint } from './check.ts';

const MIN_INTERVAL = 'PT15M';
/** Enough firings to meet the closest pair of any five-field expression within a day. */
const LOOK_AHEAD = 100;
/** Fixed, so that the same file is judged the same on every day. */
const FROM = new Date('2024-01-01T00:00:00Z');

/** Of retraining, and of batches where there are any. */
export const scheduleIsSane: Check = ({ triggers, deploy: { batch } }) => [
  ...complaintsOf(triggers.schedule, ['triggers', 'schedule']),
  ...(batch === null ? [] : complaintsOf(batch, ['deploy', 'batch'])),
];

function complaintsOf(schedule: { cron: string; timezone: string }, path: readonly string[]): Complaint[] {
  const zone = timezoneProblem(schedule.timezone);
  if (zone !== undefined) {
    const hint = 'write a name of the IANA list, such as Europe/Berlin or UTC';
    return [{ path: [...path, 'timezone'], message: `${zone}; read ${JSON.stringify(schedule.timezone)}`, hint }];
  }
  const problem = cronProblem(schedule.cron, schedule.timezone);
  if (problem === undefined) return [];
  return [{ path: [...path, 'cron'], message: `${problem}; read ${JSON.stringify(schedule.cron)}` }];
}

export function timezoneProblem(timezone: string): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    return /^[+-]/.test(timezone) ? 'an offset is not a time zone: it ignores summer time' : undefined;
  } catch {
    return 'this time zone is unknown';
  }
}

function cronProblem(text: string, timezone: string): string | undefined {
  if (text.trim().split(/\s+/).length !== 5) {
    return 'a cron expression has five fields: minute, hour, day of month, month, day of week';
  }
  let cron: Cron;
  try {
    cron = new Cron(text, { timezone, paused: true });
  } catch (error) {
    return `this cron expression is not valid: ${(error as Error).message.replace(/^CronPattern: /, '')}`;
  }
  const runs = cron.nextRuns(LOOK_AHEAD, FROM).map((date) => date.getTime());
  if (runs.length === 0) return 'this schedule never fires';
  const closest = Math.min(...runs.slice(1).map((time, index) => time - (runs[index] ?? 0)));
  return closest < durationMs(MIN_INTERVAL)
    ? `fires every ${closest / 60_000} minutes at its fastest; the shortest interval is ${MIN_INTERVAL}`
    : undefined;
}
