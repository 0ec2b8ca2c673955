/** How many predictions of each week have a label, as it was known some days after the week and as it is known now. */
import type { ModelConfig } from '../../config/model.ts';
import { rowsOf, withDuckDb } from '../../data/engine.ts';
import { parquetOf } from '../../data/sql-text.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Window } from '../contract.ts';
import { readLog } from '../log/prediction-log.ts';
import { DAY, lastWindows, startOfDay, windowIndexSql } from '../windows.ts';
import { type LabelsAsOf, labelsAsOf } from './labels.ts';

/** Days after the end of a week at which it is restated. */
export const restatedAfter = [1, 7, 30] as const;

export interface CoverageWeek {
  readonly window: Window;
  /** Predictions that somebody was given. */
  readonly predictions: number;
  /** Share with a label, as it was known `day` days after the week; null where that day is still to come. */
  readonly known: readonly { readonly day: number; readonly coverage: number | null }[];
  /** Share with a label at `as_of`, and how often one of them was corrected. */
  readonly coverage: number | null;
  readonly corrected: number;
}

export interface Coverage {
  readonly as_of: string;
  readonly counts: LabelsAsOf['counts'];
  /** Newest first. */
  readonly weeks: readonly CoverageWeek[];
}

export async function labelCoverage(request: {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly asOf: string;
  readonly weeks: number;
  readonly cacheDir: string;
  readonly workDir: string;
}): Promise<Coverage> {
  const { store, config, asOf, cacheDir, workDir } = request;
  const log = await readLog(store, config.model, { cacheDir });
  const acceptWithin = config.monitoring.labels?.accept_within;
  const accept = acceptWithin === undefined ? {} : { acceptWithin };
  const labels = await labelsAsOf(store, config.model, { asOf, log, cacheDir, ...accept });
  const windows = lastWindows(startOfDay(Date.parse(asOf)), 'P7D', request.weeks);
  if (log.length === 0) return { as_of: asOf, counts: labels.counts, weeks: [] };
  const knownBy = windows.map(({ to }, i) => `WHEN ${i} THEN ${Date.parse(to)}`).join(' ');
  const shares = restatedAfter.map(
    (day) => `count(*) FILTER (observed <= CASE week ${knownBy} END + ${day * DAY}) AS known_${day}`,
  );
  return withDuckDb({ tempDir: workDir, threads: 1 }, async (db) => {
    const rows = await rowsOf(
      db,
      `WITH asked AS (SELECT inference_id, min(epoch_ms(event_time)) AS t FROM ${parquetOf(log)} WHERE arm <> 'shadow' GROUP BY inference_id),
         dated AS (SELECT ${windowIndexSql('t', windows)} AS week, epoch_ms(first_observed_at) AS observed, corrections
           FROM asked LEFT JOIN ${parquetOf([labels.path])} USING (inference_id))
       SELECT week, count(*) AS predictions, count(observed) AS labelled, coalesce(sum(corrections), 0) AS corrected, ${shares.join(', ')}
       FROM dated WHERE week IS NOT NULL GROUP BY week`,
    );
    const weeks = windows.map((window, i): CoverageWeek => {
      const row = rows.find(({ week }) => Number(week) === i) ?? {};
      const of = (name: string): number => Number(row[name] ?? 0);
      const share = (name: string): number | null => (of('predictions') === 0 ? null : of(name) / of('predictions'));
      const past = (day: number): boolean => Date.parse(window.to) + day * DAY <= Date.parse(asOf);
      const known = restatedAfter.map((day) => ({ day, coverage: past(day) ? share(`known_${day}`) : null }));
      return { window, predictions: of('predictions'), known, coverage: share('labelled'), corrected: of('corrected') };
    });
    return { as_of: asOf, counts: labels.counts, weeks };
  });
}
