/** How many rows have their label, by the age of the event: what maturity and "not judged" rest on. */
import type { ModelConfig } from '../../config/model.ts';
import type { RawSnapshot } from '../contract.ts';
import { type Connection, rowsOf } from '../engine.ts';
import { quoteInstant, quoteName } from '../sql-text.ts';

/** Rows and labels by age in whole days at `asOf`, for the newest 30 days, youngest first. */
export async function labelCoverage(
  db: Connection,
  relation: string,
  config: ModelConfig,
  asOf: string,
): Promise<RawSnapshot['label_coverage']> {
  const time = quoteName(config.data.event_time);
  const now = quoteInstant(asOf);
  const rows = await rowsOf(
    db,
    `SELECT (epoch_ms(${now}) - epoch_ms(${time})) // 86400000 AS age, count(*) AS n,
            count(${quoteName(config.data.label.column)}) AS labelled
     FROM ${relation} WHERE isfinite(${time}) AND ${time} < ${now} AND ${time} > ${now} - INTERVAL 30 DAY
     GROUP BY 1 ORDER BY 1`,
  );
  return rows.map(({ age, n, labelled }) => ({ age_days: Number(age), rows: Number(n), labelled: Number(labelled) }));
}
