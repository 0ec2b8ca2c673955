/** Days without rows where there usually are some, and data whose newest row is too old. */
import { durationMs } from '../../../config/values.ts';
import type { Finding } from '../../contract.ts';
import { rowsOf } from '../../engine.ts';
import { quoteName } from '../../sql-text.ts';
import type { ValidationContext } from '../context.ts';
import { wholeGradeOf } from '../grades.ts';
import { counted } from '../shown.ts';
import { type Day, daysOf } from './days.ts';
import { windowOf } from './limits.ts';

const DAY = 86_400_000;
const MAX_EXAMPLES = 20;
/** Older gaps are history. */
const MAX_DAYS = 366;
/** Weekdays with fewer rows than this are sometimes empty by chance. */
const USUAL_ROWS = 20;
/** Weeks of the past that judge a weekday. */
const WEEKS = 2;

/** Whole UTC days between the first and last of the newest rows; later ones are the matter of freshness. */
export async function gapFindings(context: ValidationContext): Promise<Finding[]> {
  const severity = wholeGradeOf(context.config, 'gap');
  if (severity === null) return [];
  const { recent, past } = await daysOf(context, []);
  const from = Math.ceil(Date.parse(context.recentFrom) / DAY);
  const today = Math.floor(Date.parse(context.asOf) / DAY); // later rows are the matter of another rule
  const known = recent.filter(({ day }) => day <= today);
  const last = known.at(-1)?.day ?? from;
  const there = new Set(known.map(({ day }) => day));
  const usual = usualRows(past);
  const empty: number[] = [];
  for (let day = Math.max(from, last - MAX_DAYS); day < last; day++) {
    if (!there.has(day) && (usual.get(day % 7) ?? 0) >= USUAL_ROWS) empty.push(day);
  }
  if (empty.length === 0) return [];
  const dates = empty.map((day) => new Date(day * DAY).toISOString().slice(0, 10));
  const days = last - Math.max(from, last - MAX_DAYS) + 1;
  const sentence = `${counted(empty.length, 'day')} between the newest rows ${empty.length === 1 ? 'has' : 'have'} none, first ${dates[0]}; the same weekdays always had some. Look for a delivery that is missing.`;
  return [
    {
      rule: 'gap',
      column: context.config.data.event_time,
      severity,
      count: empty.length,
      share: empty.length / days,
      limit: 'no day without rows',
      window: windowOf(context),
      examples: dates.slice(0, MAX_EXAMPLES),
      sentence,
    },
  ];
}

/** The fewest rows of each weekday in the past, its first and last day not counted; none where it is too short to tell. */
function usualRows(past: readonly Day[]): Map<number, number> {
  const [first, last] = [past[0]?.day ?? 0, past.at(-1)?.day ?? 0];
  const rows = new Map(past.map((one) => [one.day, one.rows]));
  const usual = new Map<number, number[]>();
  for (let day = first + 1; day < last; day++) {
    usual.set(day % 7, [...(usual.get(day % 7) ?? []), rows.get(day) ?? 0]);
  }
  return new Map([...usual].flatMap(([weekday, days]) => (days.length < WEEKS ? [] : [[weekday, Math.min(...days)]])));
}

/** Against `data.freshness`; nothing where the model file does not say how old data may be. */
export async function freshnessFindings(context: ValidationContext): Promise<Finding[]> {
  const { config, asOf } = context;
  const severity = wholeGradeOf(config, 'stale');
  const { freshness } = config.data;
  if (severity === null || freshness === undefined || freshness === null) return [];
  const time = quoteName(config.data.event_time);
  const [found] = await rowsOf(context.db, `SELECT epoch_ms(max(${time})) AS newest FROM raw WHERE isfinite(${time})`);
  const newest = Number(found?.['newest'] ?? 0);
  const age = Date.parse(asOf) - newest;
  if (age <= durationMs(freshness)) return [];
  const hours = Math.floor(age / 3_600_000);
  const old = hours < 48 ? counted(hours, 'hour') : counted(Math.floor(hours / 24), 'day');
  const sentence = `The newest row is of ${new Date(newest).toISOString()}, ${old} before ${asOf}; data.freshness allows ${freshness}. Look for a delivery that is late.`;
  const limit = `at most ${freshness} old`;
  const column = config.data.event_time;
  return [{ rule: 'stale', column, severity, count: context.raw.rows, share: 1, limit, examples: [], sentence }];
}
