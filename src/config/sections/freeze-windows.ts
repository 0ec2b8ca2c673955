/** `triggers.freeze_windows` of a model file: times in which no run starts, once or every week. */
import { z } from 'zod';

export const weekday = z.enum(['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN']);

const reason = z.string().min(1).max(200);
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'write hours and minutes, such as "18:00"');
const moment = z.string().datetime({ offset: true, error: 'write an instant such as 2026-12-20T00:00:00Z' });

export const freezeWindow = z.union([
  /** Once: from one instant to another. */
  z.strictObject({
    from: moment.describe('Beginning: an instant, or hours and minutes where days are named.'),
    to: moment.describe('End.'),
    reason: reason.describe('Why; said to whoever is refused.'),
  }),
  /** Every week, by the clock on the wall there; `days` are those on which it begins. */
  z.strictObject({
    days: z.array(weekday).min(1).describe('Days of the week on which the window begins.'),
    from: clock.describe('Beginning: an instant, or hours and minutes where days are named.'),
    to: z.union([clock, z.literal('24:00')]).describe('End.'),
    timezone: z.string().min(1).describe('Time zone of the IANA list.'),
    reason: reason.describe('Why; said to whoever is refused.'),
  }),
]);
export type FreezeWindow = z.output<typeof freezeWindow>;
