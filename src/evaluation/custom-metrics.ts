/** Metrics that a model file writes in SQL over the predictions of one model on the judged rows. */
import type { ModelConfig } from '../config/model.ts';
import { type Connection, engineSentence, isEngineError, withDuckDb } from '../data/engine.ts';
import { UserSqlFailed } from '../data/errors.ts';
import { sliceNames } from '../data/features/slices.ts';
import { quoteName, quoteText } from '../data/sql-text.ts';
import { checkQuery, timeLimitMs, withTimeLimit } from '../data/user-sql.ts';
import type { BlockFigures } from '../statistics/block-statistic.ts';
import { BOOTSTRAP_FROM, blockIntervals } from '../statistics/intervals.ts';
import type { CustomFigures } from './contract.ts';
import type { JudgedRows } from './judged-rows.ts';
import type { Decision } from './metrics.ts';
import { likeliest, topScores } from './multiclass.ts';
import { rowWeights } from './row-weights.ts';

/** A statement runs once for all rows and once without each group: blocks beyond this are put together. */
const MOST_GROUPS = BOOTSTRAP_FROM - 1;

export interface CustomInput {
  readonly config: ModelConfig;
  /** Local Parquet file of the scored rows, in the order of `judged.index`' row numbers. */
  readonly path: string;
  /** Feature columns of the file that a statement may use, by their names. */
  readonly features: readonly string[];
  readonly judged: JudgedRows;
  /** Row of the file that row 0 of `judged.index` is; 0 where left out. */
  readonly offset?: number;
  /** Label values in the order of the scores' columns; multiclass only. */
  readonly classes?: readonly number[];
  /** In the order of `judged`. */
  readonly scores: { readonly candidate: Float64Array; readonly champion: Float64Array | null };
  readonly level: number;
  readonly workDir: string;
  readonly signal?: AbortSignal;
}

/**
 * Each statement is one SELECT that gives one number from the table `predictions`: `id`, `entity`, `event_time`,
 * `label`, `score`, `decision`, `weight` (what the row counts), the slice columns and the features of the candidate. Bounds are those of the
 * jackknife over at most 19 groups of neighbouring blocks, paired between the two models.
 *
 * @throws UserSqlFailed unless it is one SELECT of one number; UserSqlTimedOut
 */
export async function customMetrics(input: CustomInput): Promise<CustomFigures[]> {
  const { config, path, workDir, signal } = input;
  const metrics = Object.entries(config.gate.metrics);
  if (metrics.length === 0) return [];
  return await withDuckDb(
    { tempDir: workDir, lockDown: true, allowedPaths: [path] },
    async (db) => {
      const groups = await loadPredictions(db, input);
      const found: CustomFigures[] = [];
      for (const [name, metric] of metrics) {
        const where = `gate.metrics.${name}`;
        await checkQuery(db, metric.sql, where);
        const limit = { where, setting: 'features.time_limit', ms: timeLimitMs(config.features.time_limit) };
        found.push(await withTimeLimit(db, limit, () => measure(db, input, name, groups)));
      }
      return found;
    },
    signal,
  );
}

async function measure(db: Connection, input: CustomInput, name: string, groups: number): Promise<CustomFigures> {
  const { config, scores, level } = input;
  const { sql, better } = config.gate.metrics[name]!;
  const direction = better === 'higher' ? 1 : -1;
  const models = scores.champion ? (['candidate', 'champion'] as const) : (['candidate'] as const);
  // −1 leaves nothing out; with one group nothing would be left.
  const left = [-1, ...(groups > 1 ? Array.from({ length: groups }, (_, group) => group) : [])];
  const values = new Map<number, number[]>();
  for (const group of left) {
    const each: number[] = [];
    for (const model of models) each.push(await oneNumber(db, `gate.metrics.${name}`, sql, model, group));
    values.set(group, each.length === 2 ? [...each, direction * (each[0]! - each[1]!)] : each);
  }
  const figures: BlockFigures = (weights) => values.get(weights.indexOf(0)) ?? [];
  const options = { ...config.gate.uncertainty, minBlocks: config.gate.uncertainty.min_blocks, seed: 0, level };
  const [candidate, champion, improvement] = blockIntervals(figures, groups, options);
  return { name, better, sql, candidate: candidate!, champion: champion ?? null, improvement: improvement ?? null };
}

async function oneNumber(db: Connection, where: string, sql: string, model: string, without: number): Promise<number> {
  await db.run(
    `CREATE OR REPLACE VIEW predictions AS SELECT * EXCLUDE (_group, ${PER_MODEL}), ` +
      `_score_${model} AS score, _decision_${model} AS decision FROM _all WHERE _group <> ${without}`,
  );
  try {
    const rows = (await db.runAndReadAll(sql)).getRowsJS();
    const [row] = rows;
    if (rows.length !== 1 || row?.length !== 1) {
      throw new UserSqlFailed(where, `it gives ${rows.length} rows of ${row?.length ?? 0} columns, not one number`);
    }
    const value = row[0] === null ? Number.NaN : Number(row[0]);
    if (row[0] !== null && Number.isNaN(value) && typeof row[0] !== 'number') {
      throw new UserSqlFailed(where, `it gives ${JSON.stringify(String(row[0]).slice(0, 40))}, not a number`);
    }
    return value;
  } catch (error) {
    if (!isEngineError(error) || /interrupt/i.test(error.message)) throw error;
    throw new UserSqlFailed(where, engineSentence(error), { cause: error });
  }
}

/** What a statement finds under these names is hone's; a feature of such a name is not reachable. */
export const OWN_COLUMNS: Readonly<Record<string, string>> = {
  ...{ id: 'VARCHAR', entity: 'VARCHAR', event_time: 'TIMESTAMP' },
  ...{ label: 'DOUBLE', score: 'DOUBLE', decision: 'DOUBLE', weight: 'DOUBLE' },
};
const OWN = Object.keys(OWN_COLUMNS);

const PER_MODEL = '_score_candidate, _decision_candidate, _score_champion, _decision_champion';

/** Makes the table `_all` of the judged rows. @returns the number of groups */
async function loadPredictions(db: Connection, input: CustomInput): Promise<number> {
  const { judged, path, features, config } = input;
  const slices = sliceNames(config).filter((name) => !features.includes(name) && !OWN.includes(name));
  const groups = Math.min(judged.blocks, MOST_GROUPS);
  const columns = [
    ...decided(input, input.scores.candidate, judged.decision),
    ...decided(input, input.scores.champion, judged.championDecision),
    rowWeights(judged),
    // As it was known, and of several classes its value.
    judged.labels.map((label) => input.classes?.[label] ?? label),
  ];
  await db.run(
    'CREATE TABLE _scored (_row BIGINT, _group INTEGER, _score_candidate DOUBLE, _decision_candidate DOUBLE, _score_champion DOUBLE, _decision_champion DOUBLE, weight DOUBLE, label DOUBLE)',
  );
  const appender = await db.createAppender('_scored');
  judged.index.forEach((row, i) => {
    appender.appendBigInt(BigInt(row + (input.offset ?? 0)));
    appender.appendInteger(Math.floor((judged.block[i]! * groups) / judged.blocks));
    for (const column of columns) {
      if (column) appender.appendDouble(column[i]!);
      else appender.appendNull();
    }
    appender.endRow();
  });
  appender.closeSync();
  const selected = [
    '_id AS id',
    '_entity AS entity',
    'make_timestamp((_event_time * 1000)::BIGINT) AS event_time',
    ...slices.map((name) => `${quoteName(`_slice_${name}`)} AS ${quoteName(name)}`),
    ...features.filter((name) => !OWN.includes(name)).map(quoteName),
  ];
  await db.run(
    `CREATE TABLE _all AS SELECT rows.* EXCLUDE (_place), scored.* EXCLUDE (_row)
     FROM (SELECT ${selected.join(', ')}, file_row_number AS _place
       FROM read_parquet(${quoteText(path)}, file_row_number = true)) AS rows
     JOIN _scored AS scored ON scored._row = rows._place`,
  );
  return groups;
}

/** Score and decision of each row as columns; both null for a model that is not there. */
function decided({ config, classes }: CustomInput, scores: Float64Array | null, { threshold }: Decision) {
  if (!scores) return [null, null];
  if (classes) {
    const best = likeliest(scores, classes.length);
    return [topScores(scores, classes.length), Float64Array.from(best, (k) => classes[k]!)];
  }
  if (config.task !== 'binary') return [scores, null];
  return [scores, scores.map((score) => (score >= threshold ? 1 : 0))];
}
