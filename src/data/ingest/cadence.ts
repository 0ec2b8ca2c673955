/** Which days or months without rows are gaps: those on which this data usually has some. */

const DAY = 86_400_000;
/** A weekday is usual when it had rows on at least this share of its occurrences, and it occurred often enough to tell. */
const USUAL_SHARE = 0.8;
const MIN_OCCURRENCES = 3;
/** Two rows further apart than this belong to no one cadence: one of them is a wrong time, or the business paused. */
const MAX_GAP = 366;

/** UTC days such as `2013-01-31`, both included. */
export interface Gap {
  readonly from: string;
  readonly to: string;
}

/**
 * @param days distinct UTC days with rows, as days since the epoch, ascending
 * @param end the first day that is not looked at: that of `as_of`, which is not over
 *
 * The cadence is learnt by weekday from months that have rows at all, so that a missing month does not hide itself.
 * Where no weekday is usual, months are looked at: an empty month between two that have rows is a gap.
 */
export function gapsOf(days: readonly number[], end: number): Gap[] {
  const [first] = days;
  const last = days.at(-1);
  if (first === undefined || last === undefined) return [];
  const months = new Set(days.map(monthOf));
  const usual = usualWeekdays(days);
  const missing: number[] = [];
  for (const [i, day] of days.entries()) {
    const next = days[i + 1] ?? Math.max(end, last + 1);
    if (next - day > MAX_GAP) continue;
    for (let between = day + 1; between < next; between++) {
      const empty = usual.size === 0 && between < last && !months.has(monthOf(between));
      if (empty || usual.has(weekday(between))) missing.push(between);
    }
  }
  return joined(missing, usual);
}

function usualWeekdays(days: readonly number[]): Set<number> {
  const [first = 0] = days;
  const last = days.at(-1) ?? 0;
  const had = new Array<number>(7).fill(0);
  const occurred = new Array<number>(7).fill(0);
  for (const day of days) had[weekday(day)] = (had[weekday(day)] ?? 0) + 1;
  for (const month of new Set(days.map(monthOf))) {
    const start = Date.parse(`${month}-01T00:00:00Z`) / DAY;
    for (let day = start; monthOf(day) === month; day++) {
      if (day >= first && day <= last) occurred[weekday(day)] = (occurred[weekday(day)] ?? 0) + 1;
    }
  }
  const usual = occurred.flatMap((n, day) => (n >= MIN_OCCURRENCES && (had[day] ?? 0) >= n * USUAL_SHARE ? [day] : []));
  return new Set(usual);
}

/** Neighbours become one gap; days on which nothing is expected do not part them. */
function joined(missing: readonly number[], usual: Set<number>): Gap[] {
  const gaps: { from: number; to: number }[] = [];
  for (const day of missing) {
    const open = gaps.at(-1);
    if (open && onlyQuiet(open.to + 1, day, usual)) open.to = day;
    else gaps.push({ from: day, to: day });
  }
  return gaps.map(({ from, to }) => ({ from: dayText(from), to: dayText(to) }));
}

function onlyQuiet(from: number, to: number, usual: Set<number>): boolean {
  for (let day = from; day < to; day++) if (usual.size === 0 || usual.has(weekday(day))) return false;
  return to - from < 7;
}

/** `2013-01-31` of days since the epoch. */
export function dayText(day: number): string {
  return new Date(day * DAY).toISOString().slice(0, 10);
}

function monthOf(day: number): string {
  return dayText(day).slice(0, 7);
}

function weekday(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}
