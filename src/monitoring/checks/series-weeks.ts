/** Weekly values of the business figures that a model file names, as they were known at a time. */
import type { LogConfig, SeriesConfig } from '../../config/sections/monitoring.ts';
import { type Connection, rowsOf, withDuckDb } from '../../data/engine.ts';
import { parquetOf, quoteInstant, quoteText } from '../../data/sql-text.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { SeriesWindow, Window } from '../contract.ts';
import { readBusiness } from '../labels/business.ts';
import { readLog } from '../log/prediction-log.ts';
import { windowIndexSql } from '../windows.ts';

export interface WeeksQuery {
  readonly store: ObjectStore;
  readonly model: string;
  readonly series: readonly SeriesConfig[];
  readonly sample: LogConfig['sample'];
  readonly asOf: string;
  /** Newest first. */
  readonly weeks: readonly Window[];
  readonly cacheDir: string;
  readonly workDir: string;
}

/**
 * By name of the series: its value in each week, newest first.
 *
 * One prediction, or one window, has one value a name: the last word counts, dated by the first. A figure of a window
 * belongs to the week in which the window begins.
 */
export async function weeklyValues(query: WeeksQuery): Promise<Map<string, SeriesWindow[]>> {
  const { store, model, series, asOf, weeks, cacheDir, workDir } = query;
  const range = { from: weeks.at(-1)?.from ?? asOf, to: new Date(Date.parse(asOf) + 1).toISOString(), cacheDir };
  const files = await readBusiness(store, model, range);
  const counted = series.some(({ per }) => per === 'prediction');
  const log = counted ? await readLog(store, model, range) : [];
  return withDuckDb({ tempDir: workDir, threads: 1 }, async (db) => {
    const sums = files.length === 0 ? new Map<string, Sum>() : await weeklySums(db, files, query);
    const predictions = log.length === 0 ? new Map<number, number>() : await weeklyPredictions(db, log, query);
    return new Map(
      series.map(({ name, per }) => [
        name,
        weeks.map((window, week): SeriesWindow => {
          const { records, sum } = sums.get(`${name}/${week}`) ?? { records: 0, sum: 0 };
          const over = per === 'prediction' ? (predictions.get(week) ?? 0) : records;
          return { window, value: over === 0 ? null : sum / over, records };
        }),
      ]),
    );
  });
}

interface Sum {
  readonly records: number;
  readonly sum: number;
}

async function weeklySums(db: Connection, files: readonly string[], query: WeeksQuery): Promise<Map<string, Sum>> {
  const names = query.series.map(({ name }) => quoteText(name)).join(', ');
  const rows = await rowsOf(
    db,
    `WITH figures AS (
       SELECT name, min(epoch_ms(coalesce(window_from, observed_at))) AS t, last(value ORDER BY observed_at, recorded_at, value) AS value
       FROM ${parquetOf(files)}
       WHERE observed_at <= (${quoteInstant(query.asOf)} AT TIME ZONE 'UTC') AND name IN (${names})
       GROUP BY name, inference_id, window_from, window_to),
     dated AS (SELECT name, value, ${windowIndexSql('t', query.weeks)} AS week FROM figures)
     SELECT name, week, count(*)::DOUBLE AS records, sum(value)::DOUBLE AS sum
     FROM dated WHERE week IS NOT NULL GROUP BY name, week`,
  );
  return new Map(
    rows.map((row) => [`${row['name']}/${row['week']}`, { records: Number(row['records']), sum: Number(row['sum']) }]),
  );
}

/** Predictions that somebody was given; where only a sample is logged, as many as it stands for. */
async function weeklyPredictions(
  db: Connection,
  log: readonly string[],
  query: WeeksQuery,
): Promise<Map<number, number>> {
  const { sample, weeks } = query;
  const share = (arm: 'champion' | 'canary'): number => (typeof sample === 'number' ? sample : (sample[arm] ?? 1)) || 1;
  const rows = await rowsOf(
    db,
    `WITH asked AS (SELECT inference_id, any_value(arm) AS arm, min(epoch_ms(event_time)) AS t FROM ${parquetOf(log)}
       WHERE arm <> 'shadow' GROUP BY inference_id),
     dated AS (SELECT ${windowIndexSql('t', weeks)} AS week,
       CASE WHEN arm = 'canary' THEN ${1 / share('canary')}::DOUBLE ELSE ${1 / share('champion')}::DOUBLE END AS stands_for FROM asked)
     SELECT week, sum(stands_for) AS predictions FROM dated WHERE week IS NOT NULL GROUP BY week`,
  );
  return new Map(rows.map((row) => [Number(row['week']), Number(row['predictions'])]));
}
