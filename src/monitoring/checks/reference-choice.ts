/** Which reference drift is judged against: the version's training rows, the same weeks last year, or the weeks before. */
import type { ModelConfig } from '../../config/model.ts';
import type { Connection } from '../../data/engine.ts';
import type { ReferenceProfile } from '../../drift/contract.ts';
import type { ColumnSpec } from '../../drift/profile.ts';
import { predictionColumn, referenceOf } from '../../drift/reference.ts';
import type { Window } from '../contract.ts';
import { type LogTable, openLogTable } from '../log/log-table.ts';
import { DAY, daysIn, lastWindows } from '../windows.ts';

/** 52 weeks, so that weekdays meet. */
const year = 364 * DAY;
const trailingWindows = 4;
const minDays = 8;

export interface ReferenceChoice {
  readonly config: ModelConfig;
  /** Of the champion's training rows. */
  readonly training: ReferenceProfile;
  readonly paths: readonly string[];
  /** The windows to be judged, newest first. */
  readonly windows: readonly Window[];
  /** False while an input is broken: then the weeks before are not healthy. */
  readonly healthy: boolean;
}

/** The event times that a choice may read beside the windows themselves. */
export function referenceSpans(
  config: ModelConfig,
  windows: readonly Window[],
): { lastYear: Window; trailing: Window } {
  const [from, to] = [Date.parse(windows.at(-1)!.from), Date.parse(windows[0]!.to)];
  const before = lastWindows(from, config.monitoring.drift.window, trailingWindows);
  return {
    lastYear: { from: new Date(from - year).toISOString(), to: new Date(to - year).toISOString() },
    trailing: { from: before.at(-1)!.from, to: before[0]!.to },
  };
}

/** Falls back to the training rows where the log does not reach back far enough. */
export async function chooseReference(db: Connection, choice: ReferenceChoice): Promise<ReferenceProfile> {
  const { config, training, windows, healthy } = choice;
  const wanted = config.monitoring.references.drift;
  const spans = referenceSpans(config, windows);
  if (wanted === 'same_period_last_year_else_trailing_healthy') {
    const lastYear = await lastYearReference(db, choice);
    if (lastYear !== null) return lastYear;
  }
  if (wanted !== 'training' && healthy) {
    const days = daysIn(spans.trailing);
    const trailing = await fromLog(db, choice, spans.trailing, `the ${days} days before`);
    if (trailing !== null) return trailing;
  }
  return training;
}

/** @returns null where the log of last year does not cover the same weeks */
export async function lastYearReference(db: Connection, choice: ReferenceChoice): Promise<ReferenceProfile | null> {
  const { lastYear } = referenceSpans(choice.config, choice.windows);
  return await fromLog(db, choice, lastYear, 'the same weeks last year');
}

/** @returns null unless the span is covered: at least eight days and half of its days, and enough rows */
async function fromLog(
  db: Connection,
  { config, training, paths }: ReferenceChoice,
  span: Window,
  name: string,
): Promise<ReferenceProfile | null> {
  const specs: ColumnSpec[] = Object.entries(training.columns)
    .filter(([column]) => column !== predictionColumn)
    .map(([column, { profile }]) => ({ name: column, kind: profile.kind }));
  const log = await openLogTable(db, {
    paths,
    version: null,
    from: Date.parse(span.from),
    to: Date.parse(span.to),
    numeric: specs.filter(({ kind }) => kind === 'numeric').map((spec) => spec.name),
    categorical: specs.filter(({ kind }) => kind === 'categorical').map((spec) => spec.name),
    name: 'reference_log',
  });
  if (log === null || log.rows < config.monitoring.drift.min_rows) return null;
  const columns = specs.filter((spec) => log.logged.has(spec.name));
  const reference = await referenceOf(db, { relation: log.relation, columns, timeColumn: '_t', name });
  const covered =
    reference.from === null || reference.to === null ? 0 : daysIn({ from: reference.from, to: reference.to });
  if (covered < Math.max(minDays, daysIn(span) / 2)) return null;
  const prediction = training.columns[predictionColumn];
  if (prediction === undefined) return reference;
  return { ...reference, columns: { ...reference.columns, [predictionColumn]: prediction } };
}

/** Predictions of the champion's first whole window after promotion, where the version brought no reference of its own. */
export async function firstPredictions(
  db: Connection,
  log: LogTable,
  first: Window,
): Promise<ReferenceProfile['columns'][string] | null> {
  const relation = `(SELECT * FROM ${log.relation} WHERE _t >= ${Date.parse(first.from)} AND _t < ${Date.parse(first.to)})`;
  const columns = [{ name: '_prediction', kind: 'numeric' as const }];
  const reference = await referenceOf(db, { relation, columns, timeColumn: '_t', name: 'first window' }).catch(
    (error: unknown) => {
      if (error instanceof Error && error.name === 'ReferenceEmpty') return null;
      throw error;
    },
  );
  return reference?.columns['_prediction'] ?? null;
}
