/** The table at the end: a year under three policies, each row scored by what was live at its time. */

import { join } from 'node:path';
import { replayPolicies } from '../../backtest/backtest.ts';
import { type Month, monthsOf, type ScoredYear } from '../../backtest/monthly.ts';
import { rowAt } from '../../backtest/past.ts';
import { shippedPolicies } from '../../backtest/policy.ts';
import { rowsOf, withDuckDb } from '../../data/engine.ts';
import { parquetOf } from '../../data/sql-text.ts';
import { labelsAsOf } from '../../monitoring/labels/labels.ts';
import { readLog } from '../../monitoring/log/prediction-log.ts';
import { MODEL, type Stage } from './stage.ts';

export interface PolicyYear {
  readonly months: Month[];
  readonly trainings: number;
}

export interface YearTable {
  readonly never_retrained: PolicyYear;
  readonly every_28d: PolicyYear;
  readonly hone: PolicyYear;
}

const METRICS = ['roc_auc', 'log_loss'] as const;
const END = '2014-01-01T00:00:00.000Z';
const folders = (stage: Stage) => ({
  cacheDir: join(stage.dir, 'cache', 'replay'),
  workDir: join(stage.dir, 'scratch', 'replay'),
});

/** The two calendars, without gate, holdout or approval; `from` is when the first model went live. */
export async function calendars(stage: Stage, from: string): Promise<Pick<YearTable, 'never_retrained' | 'every_28d'>> {
  const config = configOf(stage);
  // A calendar asks for nothing: the limits that the story stages are not its own.
  const { triggers } = config;
  const free = { ...triggers, limits: { ...triggers.limits, min_new_labels: 0 } };
  const known = shippedPolicies({ ...config, triggers: free });
  const policies = ['never', 'every-28-days'].flatMap((name) => known.filter((policy) => policy.name === name));
  const { past, replays } = await replayPolicies({
    ...{ config, from, to: END, base: stage.dir },
    policies: policies.map((policy) => ({ ...policy, gate: false })),
    workDir: join(stage.dir, 'scratch', 'replay'),
    cacheDir: join(stage.dir, 'cache', 'backtests'),
    trainers: 1, // the story goes on meanwhile
  });
  const [begin, end] = [rowAt(past, Date.parse(from)), rowAt(past, Date.parse(END))];
  const [label, eventTime] = [past.rows.label.subarray(begin, end), past.rows.eventTime.subarray(begin, end)];
  const year = (at: number): PolicyYear => {
    const { scores = new Float64Array(end - begin), runs = [] } = replays[at] ?? {};
    // the first model counts here, as it does for hone
    return { months: monthsOf(config, { label, eventTime, scores }, METRICS), trainings: 1 + runs.length };
  };
  return { never_retrained: year(0), every_28d: year(1) };
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
  return { months: monthsOf(configOf(stage), scored, METRICS), trainings };
}

function configOf(stage: Stage) {
  const loaded = stage.workspace.models.get(MODEL);
  if (!loaded) throw new Error(`${MODEL} is not in the workspace`);
  return loaded.config;
}
