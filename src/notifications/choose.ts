/** Whether a route takes a notice, and whether now. Pure. */
import type { NoticeSeverity, NotifyRoute } from '../config/notify.ts';
import type { Notice } from './contract.ts';

const RANK: Readonly<Record<NoticeSeverity, number>> = { info: 0, warn: 1, page: 2 };

/** Severity `info`, and yet what closes a page. */
export const INCIDENT_OVER = 'incident.resolved';

export function takes(
  route: NotifyRoute,
  { model, type, severity }: Pick<Notice, 'model' | 'type' | 'severity'>,
): boolean {
  if (route.models !== undefined && !route.models.includes(model)) return false;
  const closes = route.type === 'pagerduty' && type === INCIDENT_OVER;
  const least = route.at_least ?? (route.type === 'pagerduty' ? 'page' : 'info');
  if (RANK[severity] < RANK[least] && !closes) return false;
  return route.types === undefined || route.types.some((one) => one === type || type.startsWith(`${one}.`));
}

/** Quiet hours never hold back a page. A span over midnight, such as 22:00 to 06:00, belongs to the day it begins on. */
export function isOpen(route: NotifyRoute, severity: NoticeSeverity, now: Date): boolean {
  const { hours } = route;
  if (hours === undefined || severity === 'page') return true;
  const part = partsOf(now, hours.timezone);
  const time = `${part('hour')}:${part('minute')}`;
  const week: string[] = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'];
  const today = week.indexOf(part('weekday').toUpperCase());
  const on = (index: number) => hours.days.some((day) => day === week[(index + 7) % 7]);
  if (hours.from <= hours.to) return on(today) && time >= hours.from && time < hours.to;
  return (on(today) && time >= hours.from) || (on(today - 1) && time < hours.to);
}

/** Programs get every notice by itself; people get incidents and storms together. */
export function isForPrograms({ type }: Pick<NotifyRoute, 'type'>): boolean {
  return type === 'cloudevents' || type === 'pagerduty';
}

/**
 * The day whose summary is the newest that is due: today's from its time on, before it that of yesterday.
 *
 * @returns local date of the route such as `2026-02-01`; null for a route without a digest
 */
export function digestDay(route: NotifyRoute, now: Date): string | null {
  if (!('digest' in route) || route.digest === undefined) return null;
  const { timezone, at } = route.digest;
  const part = partsOf(now, timezone);
  const today = `${part('year')}-${part('month')}-${part('day')}`;
  if (`${part('hour')}:${part('minute')}` >= at) return today;
  return new Date(Date.parse(today) - 86_400_000).toISOString().slice(0, 10);
}

function partsOf(now: Date, timeZone: string): (type: string) => string {
  const parts = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  }).formatToParts(now);
  return (type) => parts.find((one) => one.type === type)?.value ?? '';
}
