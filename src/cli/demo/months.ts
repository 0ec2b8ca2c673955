/** The table at the end: a year under three policies, each row scored by what was live at its time. */

import { join } from 'node:path';
import { type MonthFigures, monthlyFigures, type ScoredYear } from '../../backtest/monthly.ts';
import { replayScheduledPolicy } from '../../backtest/scheduled-policy.ts';
import { rowsOf, withDuckDb } from '../../data/engine.ts';
import { ingest } from '../../data/ingest/ingest.ts';
import { parquetOf } from '../../data/sql-text.ts';
import { labelsAsOf } from '../../monitoring/labels.ts';
import { readLog } from '../../monitoring/prediction-log.ts';
import { MODEL, type Stage } from './stage.ts';

export interface PolicyYear {
  readonly months: MonthFigures[];
  readonly trainings: number;
}

export interface YearTable {
  readonly never_retrained: PolicyYear;
  readonly every_28d: PolicyYear;
  readonly hone: PolicyYear;
}

const END = '2014-01-01T00:00:00.000Z';
const folders = (stage: Stage) => ({
  cacheDir: join(stage.dir, 'cache', 'replay'),
  workDir: join(stage.dir, 'scratch', 'replay'),
});

/** The two calendars; `from` is when the first model went live. */
export async function calendars(stage: Stage, from: string): Promise<Pick<YearTable, 'never_retrained' | 'every_28d'>> {
  const config = configOf(stage);
  const { cacheDir, workDir } = folders(stage);
  const { ref } = await ingest({ store: stage.store, config, asOf: END, workDir, cacheDir, base: stage.dir });
  const replay = (everyDays: number | null) =>
    replayScheduledPolicy({
      store: stage.store,
      config,
      raw: ref.digest,
      from,
      to: END,
      everyDays,
      cacheDir,
      workDir: join(workDir, `every-${everyDays}`),
      base: stage.dir,
    });
  const year = async (everyDays: number | null): Promise<PolicyYear> => {
    const { trainings, ...scored } = await replay(everyDays);
    return { months: monthlyFigures(config, scored), trainings };
  };
  return { never_retrained: await year(null), every_28d: await year(28) };
}

/** What the prediction server really answered, with the labels that really came. */
export async function whatHoneDid(stage: Stage, from: string, trainings: number): Promise<PolicyYear> {
  const { cacheDir, workDir } = folders(stage);
  const paths = await readLog(stage.store, MODEL, { from, to: END, cacheDir });
  const labels = await labelsAsOf(stage.store, MODEL, { asOf: END, from, log: paths, cacheDir });
  const rows = await withDuckDb({ tempDir: workDir }, (db) =>
    rowsOf(
      db,
      `SELECT epoch_ms(event_time)::DOUBLE AS event_at, label::DOUBLE AS label, prediction::DOUBLE AS score
       FROM (SELECT DISTINCT ON (inference_id) * FROM ${parquetOf(paths)} WHERE arm <> 'shadow')
       JOIN ${parquetOf([labels.path])} USING (inference_id) WHERE label IS NOT NULL ORDER BY event_at`,
    ),
  );
  const column = (name: string) => Float64Array.from(rows, (row) => Number(row[name]));
  const scored: ScoredYear = { label: column('label'), eventTime: column('event_at'), scores: column('score') };
  return { months: monthlyFigures(configOf(stage), scored), trainings };
}

function configOf(stage: Stage) {
  const loaded = stage.workspace.models.get(MODEL);
  if (!loaded) throw new Error(`${MODEL} is not in the workspace`);
  return loaded.config;
}
