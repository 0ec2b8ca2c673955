/** A bounded sample of mature, labelled rows with every feature's value: what the search for leaks looks at. */
import type { LeakageLimits } from '../../../config/sections/leakage.ts';
import { type Connection, rowsOf } from '../../engine.ts';
import { definitionFor, type FeatureColumn, featureSql } from '../../features/definition.ts';
import { knownLabel, matureBefore } from '../../features/mature-rows.ts';
import { quoteInstant, quoteName } from '../../sql-text.ts';
import { expressionParts } from '../../user-sql.ts';
import type { ValidationContext } from '../context.ts';

/** For configurations that were stored before there were limits; a test holds them equal to the defaults. */
export const USUAL_LEAKAGE_LIMITS: LeakageLimits = { warn_at: 0.95, reject_at: 0.999, sample_rows: 50_000 };

const FOLDS = 5;

/**
 * The table `leak_sample`: `label` (DOUBLE, never null), `fold` (0 to 4), features as `f0`, `f1`, …, and the outcomes
 * as `o0`, `o1`, …. Rows are chosen by the hash of their id, so the same rows every time.
 */
export interface LeakSample {
  readonly db: Connection;
  readonly rows: number;
  readonly limits: LeakageLimits;
  readonly features: readonly FeatureColumn[];
  readonly outcomes: readonly string[];
}

export async function openSample(context: ValidationContext): Promise<LeakSample> {
  const { db, config, columns, asOf } = context;
  const limits = config.data.leakage ?? USUAL_LEAKAGE_LIMITS;
  const features = await rowFeatures(context);
  const outcomes = config.data.outcomes.filter((name) => columns.has(name));
  const label = knownLabel(config, asOf);
  const mature = `${quoteName(config.data.event_time)} < ${quoteInstant(matureBefore(config, asOf))} AND (${label}) IS NOT NULL`;
  const [known] = await rowsOf(db, `SELECT count(*) AS n FROM raw WHERE ${mature}`);
  const oneIn = Math.max(1, Math.ceil(Number(known?.['n']) / limits.sample_rows));
  const hash = `hash(${quoteName(config.data.id)})`;
  const select = [
    `(${label})::DOUBLE AS label`,
    `(${hash} // ${oneIn}) % ${FOLDS} AS fold`,
    ...features.map((feature, i) => `${featureSql(feature)} AS f${i}`),
    ...outcomes.map((name, i) => `${quoteName(name)} AS o${i}`),
  ];
  await db.run(
    `CREATE OR REPLACE TEMP TABLE leak_sample AS SELECT ${select.join(', ')} FROM raw WHERE ${mature} AND ${hash} % ${oneIn} = 0`,
  );
  const [taken] = await rowsOf(db, 'SELECT count(*) AS n FROM leak_sample');
  return { db, rows: Number(taken?.['n']), limits, features, outcomes };
}

/** Features that the row alone gives; what joins and windows bring is held to its time where it is looked up. */
async function rowFeatures({ db, config, raw, columns }: ValidationContext): Promise<FeatureColumn[]> {
  const known = new Set([...columns.keys()].map((name) => name.toLowerCase()));
  const found: FeatureColumn[] = [];
  for (const feature of definitionFor(config, raw).columns) {
    const { paths } = await expressionParts(db, feature.expr, `feature "${feature.name}"`);
    if (paths.every(([first = '']) => known.has(first.toLowerCase()))) found.push(feature);
  }
  return found;
}
