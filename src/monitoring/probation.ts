/** Probation: whether a new champion does as well as its predecessor on the predictions it has made since its promotion. */
import { join } from 'node:path';
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import { type Connection, withDuckDb } from '../data/engine.ts';
import { parquetOf, quoteName, quoteText } from '../data/sql-text.ts';
import { read } from '../drift/profile.ts';
import { short, whole } from '../drift/sentences.ts';
import { decisionOf } from '../evaluation/judged-rows.ts';
import { METRICS } from '../evaluation/metrics.ts';
import { blocksOf } from '../statistics/blocks.ts';
import type { Interval } from '../statistics/contract.ts';
import { blockIntervals, levelOfLook } from '../statistics/intervals.ts';
import { sha256Of } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { ProbationReport, Window } from './contract.ts';
import { labelsAsOf } from './labels/labels.ts';
import { readLog } from './log/prediction-log.ts';
import { PredecessorScoresDoNotFit } from './probation-errors.ts';
import { DAY, matureBefore, windowName } from './windows.ts';

export interface ProbationRequest {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly champion: number;
  readonly predecessor: number | null;
  /** `as_of` of the promotion. */
  readonly promotedAt: string;
  readonly asOf: string;
  /**
   * Scores of the predecessor, one a row of the Parquet files given, in their order. They hold the champion's matured
   * rows as logged: `_id`, `_event_time` (ms), `_label`, `_prediction`, and the logged features `f_<name>`. Not needed
   * where the predecessor ran as a shadow: its own logged scores count then.
   */
  readonly scorePredecessor?: (paths: string[]) => Promise<Float64Array>;
  readonly cacheDir: string;
  readonly workDir: string;
}

/**
 * `worse` when the upper bound of the improvement in the gate's primary metric is under −margin, `confirm` when the
 * lower bound is over −margin, else `undecided`. Blocked by day. One look a matured day, and look j spends
 * 0.05 · 6/(π² j²), so the bounds hold at every look together.
 *
 * @throws PredecessorScoresDoNotFit
 * @see the spending sums to 0.05 over all looks (Bonferroni)
 */
export async function judgeProbation(request: ProbationRequest): Promise<ProbationReport> {
  const { config, promotedAt, asOf } = request;
  const from = Date.parse(promotedAt);
  const to = Math.max(from, matureBefore(asOf, config.data.label.mature_after));
  const window = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  const maturedDays = Math.floor((to - from) / DAY);
  const { min_blocks: minBlocks } = config.gate.uncertainty;
  const base = {
    metric: config.gate.primary,
    champion: request.champion,
    predecessor: request.predecessor,
    look: Math.max(0, maturedDays - minBlocks + 1),
    window,
    matured_days: maturedDays,
    over: to - from >= durationMs(config.deploy.probation.until_labels_mature_for),
  };
  const undecided = (why: string, rows = 0, blocks = 0): ProbationReport => ({
    ...base,
    verdict: 'undecided',
    basis: null,
    margin: 0,
    improvement: null,
    rows,
    blocks,
    sentence: `Version ${request.champion}: undecided, ${why}. It stays live; probation looks again when more labels have matured.`,
  });
  if (request.predecessor === null) return undecided('there is no predecessor to compare it with');
  // Labels are there only where the champion said yes: the predecessor's own decisions were not taken.
  if (config.data.selective_labels)
    return undecided('labels are selective, and the decisions of its predecessor were not taken');
  if (config.task === 'multiclass')
    return undecided('probation compares no models of several classes, only the tick looks at its skill');
  const pairs = await pairedRows(request, window);
  if (pairs === null) return undecided("there are no scores of the predecessor for the champion's own requests");

  const metric = METRICS[config.gate.primary];
  const { block, blocks } = blocksOf([...pairs.eventTime], durationMs(config.gate.uncertainty.block));
  const few = tooFew(pairs.label, blocks, config);
  if (few !== null) return undecided(few, pairs.label.length, blocks);
  const decision = decisionOf(config, pairs.eventTime);
  const own = metric.prepare({ labels: pairs.label, scores: pairs.champion, block, blocks, decision });
  const other = metric.prepare({ labels: pairs.label, scores: pairs.predecessor, block, blocks, decision });
  const [improvement] = blockIntervals((weights) => [metric.direction * (own(weights) - other(weights))], blocks, {
    resamples: config.gate.uncertainty.resamples,
    seed: 1,
    minBlocks,
    level: levelOfLook(Math.max(1, base.look)),
  });
  const before = other(new Float64Array(blocks).fill(1));
  const margin = marginOf(config, before);
  const verdict = verdictOf(improvement!, margin);
  return {
    ...base,
    verdict,
    basis: pairs.basis,
    margin,
    improvement: improvement!,
    rows: pairs.label.length,
    blocks,
    sentence: sentenceOf(verdict, request, improvement!, margin, pairs.label.length, blocks, window),
  };
}

function verdictOf({ lower, upper }: Interval, margin: number): ProbationReport['verdict'] {
  if (upper !== null && upper < -margin) return 'worse';
  return lower !== null && lower > -margin ? 'confirm' : 'undecided';
}

function marginOf(config: ModelConfig, predecessor: number): number {
  const margin = config.gate.champion.margin[config.gate.primary];
  if (margin === undefined) return 0;
  return margin.kind === 'absolute' ? margin.value : margin.value * Math.abs(predecessor);
}

function tooFew(labels: Float64Array, blocks: number, config: ModelConfig): string | null {
  const { min_rows: rows, min_blocks: minBlocks, min_rarer_class: rarer } = config.gate.uncertainty;
  if (labels.length < rows) return `too few rows (${whole(labels.length)} of ${whole(rows)} needed)`;
  if (blocks < minBlocks) return `too few days (${blocks} of ${minBlocks} needed)`;
  const positive = labels.reduce((sum, label) => sum + (label === 1 ? 1 : 0), 0);
  const fewest = Math.min(positive, labels.length - positive);
  return config.task === 'binary' && fewest < rarer
    ? `too few of the rarer class (${whole(fewest)} of ${whole(rarer)} needed)`
    : null;
}

interface PairedRows {
  readonly eventTime: Float64Array;
  readonly label: Float64Array;
  readonly champion: Float64Array;
  readonly predecessor: Float64Array;
  readonly basis: 'shadow' | 'rescored';
}

/** The champion's labelled rows with both scores; shadow scores where they exist for most of them, else scored again. */
async function pairedRows(request: ProbationRequest, window: Window): Promise<PairedRows | null> {
  const { store, config, cacheDir, workDir, asOf } = request;
  const paths = await readLog(store, config.model, { ...window, cacheDir });
  if (paths.length === 0) return null;
  const labels = await labelsAsOf(store, config.model, { asOf, from: window.from, log: paths, cacheDir });
  return withDuckDb({ tempDir: workDir }, async (db) => {
    await createRows(db, request, window, paths, labels.path);
    const [counts] = await read(db, 'SELECT unnest([count(*), count(_shadow)])::DOUBLE FROM probation');
    const [rows, shadowed] = [Number(counts?.[0] ?? 0), Number(counts?.[1] ?? 0)];
    if (rows === 0) return null;
    if (shadowed >= 0.9 * rows) return { ...(await columnsOf(db, '_shadow IS NOT NULL')), basis: 'shadow' };
    if (request.scorePredecessor === undefined) return null;
    const file = join(
      workDir,
      `probation-${sha256Of(JSON.stringify([config.model, request.champion, asOf])).slice(0, 16)}.parquet`,
    );
    await db.run(
      `COPY (SELECT * EXCLUDE (_shadow) FROM probation ORDER BY _event_time, _id) TO ${quoteText(file)} (FORMAT parquet)`,
    );
    const predecessor = await request.scorePredecessor([file]);
    const own = await columnsOf(db, 'true');
    if (predecessor.length !== own.label.length || !predecessor.every(Number.isFinite)) {
      throw new PredecessorScoresDoNotFit(request.predecessor ?? 0, predecessor.length, own.label.length);
    }
    return { ...own, predecessor, basis: 'rescored' };
  });
}

async function createRows(
  db: Connection,
  { config, champion, predecessor }: ProbationRequest,
  window: Window,
  paths: readonly string[],
  labels: string,
): Promise<void> {
  const [from, to] = [Date.parse(window.from), Date.parse(window.to)];
  const silence = { negative: '0', positive: '1', exclude: 'NULL', censored: 'NULL' }[config.data.label.if_never];
  const source = parquetOf(paths);
  const [columns] = await read(db, `SELECT column_name FROM (DESCRIBE SELECT * FROM ${source})`);
  const features = (columns ?? [])
    .map(String)
    .filter((name) => name.startsWith('f_'))
    .map((name) => `, ${quoteName(name)}`);
  await db.run(`CREATE TEMP TABLE probation AS
    SELECT inference_id AS _id, epoch_ms(event_time) AS _event_time, coalesce(label, ${silence}::DOUBLE) AS _label,
      prediction::DOUBLE AS _prediction, _shadow${features.join('')}
    FROM (SELECT DISTINCT ON (inference_id) * FROM ${source} WHERE version = ${champion} AND arm <> 'shadow' AND NOT coalesce(staged, false))
    LEFT JOIN (SELECT inference_id, label FROM ${parquetOf([labels])}) USING (inference_id)
    LEFT JOIN (SELECT inference_id, any_value(prediction)::DOUBLE AS _shadow FROM ${source}
      WHERE version = ${predecessor ?? -1} AND arm = 'shadow' GROUP BY inference_id) USING (inference_id)
    WHERE epoch_ms(event_time) >= ${from} AND epoch_ms(event_time) < ${to} AND prediction IS NOT NULL
      AND coalesce(label, ${silence}::DOUBLE) IS NOT NULL`);
}

async function columnsOf(db: Connection, condition: string): Promise<Omit<PairedRows, 'basis'>> {
  const columns = await read(
    db,
    `SELECT _event_time::DOUBLE, _label, _prediction, _shadow FROM probation WHERE ${condition} ORDER BY _event_time, _id`,
  );
  const [eventTime, label, champion, predecessor] = columns.map((values) => Float64Array.from(values, Number));
  return { eventTime: eventTime!, label: label!, champion: champion!, predecessor: predecessor! };
}

function sentenceOf(
  verdict: ProbationReport['verdict'],
  { champion, predecessor, config }: ProbationRequest,
  { estimate, lower, upper }: Interval,
  margin: number,
  rows: number,
  days: number,
  window: Window,
): string {
  const numbers =
    `${config.gate.primary} ${signed(estimate)} against version ${predecessor} (bounds ${signed(lower)} to ${signed(upper)}, ` +
    `margin ${short(margin)}), ${whole(rows)} labelled predictions in ${days} days, ${windowName(window)}`;
  if (verdict === 'worse') return `Version ${champion} is worse: ${numbers}. Roll back to version ${predecessor}.`;
  if (verdict === 'confirm') return `Version ${champion} is confirmed: ${numbers}.`;
  return `Version ${champion}: undecided, ${numbers}. It stays live; probation looks again when more labels have matured.`;
}

function signed(value: number | null): string {
  return value === null ? 'unknown' : `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(4)}`;
}
