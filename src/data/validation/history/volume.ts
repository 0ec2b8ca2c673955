/** Whether the newest days bring about as many rows as the same days usually do. */
import type { Finding } from '../../contract.ts';
import { rowsOf } from '../../engine.ts';
import { quoteInstant, quoteName } from '../../sql-text.ts';
import type { ValidationContext } from '../context.ts';
import { percent } from '../shown.ts';

const DAY = 86_400_000;
const WEEKS = 4;

/**
 * Compares whole UTC days before `asOf`: the last seven with the median of up to four weeks before them (rejects), and
 * the last day with the median of the same weekday (warns). Under two weeks of history nothing is judged.
 */
export async function volumeFindings({ db, config, asOf }: ValidationContext): Promise<Finding[]> {
  const share = config.data.volume.against_recent_past;
  if (share <= 0) return [];
  const today = Math.floor(Date.parse(asOf) / DAY);
  const time = quoteName(config.data.event_time);
  const from = new Date((today - 7 * (WEEKS + 1)) * DAY).toISOString();
  const rows = await rowsOf(
    db,
    `SELECT epoch_ms(${time}) // ${DAY} AS day, count(*) AS n FROM raw
     WHERE ${time} >= ${quoteInstant(from)} GROUP BY 1`,
  );
  const [first] = await rowsOf(db, `SELECT epoch_ms(min(${time})) // ${DAY} AS day FROM raw`);
  const counts = new Map(rows.map(({ day, n }) => [Number(day), Number(n)]));
  const firstWhole = Number(first?.['day']) + 1;
  const sum = (start: number, days: number) =>
    Array.from({ length: days }, (_, i) => counts.get(start + i) ?? 0).reduce((total, n) => total + n, 0);

  const pastWeeks = Array.from({ length: WEEKS }, (_, i) => today - 7 * (i + 2)).filter((start) => start >= firstWhole);
  if (pastWeeks.length === 0) return [];
  const week = sum(today - 7, 7);
  const usualWeek = median(pastWeeks.map((start) => sum(start, 7)));
  const day = sum(today - 1, 1);
  const usualDay = median(pastWeeks.map((start) => sum(start + 6, 1)));
  const limit = `at least ${percent(share)} of the usual`;
  const findings: Finding[] = [];
  if (week < usualWeek * share) {
    const sentence = `The last 7 whole days brought ${week} rows, ${percent(week / usualWeek)} of the usual ${usualWeek}. Look for a delivery that failed; if the business changed, lower data.volume.against_recent_past.`;
    findings.push(finding('volume_week', 'reject', usualWeek - week, usualWeek, limit, sentence));
  } else if (day < usualDay * share) {
    const sentence = `The last whole day brought ${day} rows; the same weekday usually brings ${usualDay}. Look for a delivery that is late.`;
    findings.push(finding('volume_day', 'warn', usualDay - day, usualDay, limit, sentence));
  }
  return findings;
}

function finding(
  rule: string,
  severity: 'reject' | 'warn',
  short: number,
  usual: number,
  limit: string,
  sentence: string,
): Finding {
  return {
    rule,
    column: null,
    severity,
    count: Math.round(short),
    share: short / usual,
    limit,
    examples: [],
    sentence,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
