/** Is it a time in which no run may start? By the instant that is asked about and the clock on the wall of a time zone. */
import type { ModelConfig } from '../config/model.ts';

type FreezeWindow = ModelConfig['triggers']['freeze_windows'][number];
type Weekly = Extract<FreezeWindow, { days: unknown }>;

/** The first window that holds the instant, as a sentence; null where none does. Windows are half-open, `[from, to)`. */
export function freezeWindowAt(windows: readonly FreezeWindow[], asOf: string): string | null {
  const at = Date.parse(asOf);
  const found = windows.find((window) =>
    'days' in window ? holdsWeekly(window, at) : Date.parse(window.from) <= at && at < Date.parse(window.to),
  );
  return found === undefined ? null : `${spanOf(found)} is a freeze window: ${found.reason}`;
}

/**
 * By the clock on the wall: where summer time takes an hour out of the window it is an hour shorter, where the hour comes
 * twice both count.
 */
function holdsWeekly({ days, from, to, timezone }: Weekly, at: number): boolean {
  const { day, minute } = wallClock(timezone, at);
  const [begins, ends] = [minutesOf(from), minutesOf(to)];
  const startsToday = days.includes(DAYS[day] as Weekly['days'][number]);
  if (begins < ends) return startsToday && begins <= minute && minute < ends;
  const startedYesterday = days.includes(DAYS[(day + 6) % 7] as Weekly['days'][number]);
  return (startsToday && minute >= begins) || (startedYesterday && minute < ends);
}

const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;

function wallClock(timezone: string, at: number): { day: number; minute: number } {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? '';
  const day = (DAYS as readonly string[]).indexOf(part('weekday').toUpperCase());
  return { day, minute: 60 * Number(part('hour')) + Number(part('minute')) };
}

function minutesOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return 60 * hours + minutes;
}

/** `SAT, SUN 00:00 to 24:00 Europe/Berlin`. */
export function spanOf(window: FreezeWindow): string {
  if ('days' in window) return `${window.days.join(', ')} ${window.from} to ${window.to} ${window.timezone}`;
  return `${window.from} to ${window.to}`;
}
