/** Whether a route takes a notice, and whether now. Pure. */
import type { NoticeSeverity, NotifyRoute } from '../config/notify.ts';
import type { Notice } from './contract.ts';

const RANK: Readonly<Record<NoticeSeverity, number>> = { info: 0, warn: 1, page: 2 };

export function takes(
  route: NotifyRoute,
  { model, type, severity }: Pick<Notice, 'model' | 'type' | 'severity'>,
): boolean {
  if (route.models !== undefined && !route.models.includes(model)) return false;
  if (RANK[severity] < RANK[route.at_least ?? 'info']) return false;
  return route.types === undefined || route.types.some((one) => one === type || type.startsWith(`${one}.`));
}

/** Quiet hours never hold back a page. A span over midnight, such as 22:00 to 06:00, belongs to the day it begins on. */
export function isOpen(route: NotifyRoute, severity: NoticeSeverity, now: Date): boolean {
  const { hours } = route;
  if (hours === undefined || severity === 'page') return true;
  const parts = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: hours.timezone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  }).formatToParts(now);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? '';
  const time = `${part('hour')}:${part('minute')}`;
  const week: string[] = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'];
  const today = week.indexOf(part('weekday').toUpperCase());
  const on = (index: number) => hours.days.some((day) => day === week[(index + 7) % 7]);
  if (hours.from <= hours.to) return on(today) && time >= hours.from && time < hours.to;
  return (on(today) && time >= hours.from) || (on(today - 1) && time < hours.to);
}
