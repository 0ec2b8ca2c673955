/** Rows of the holdout that training has seen already: by their id, or in everything but id and times. */
import { windowGeometry } from '../../../evaluation/geometry.ts';
import type { Geometry } from '../../../registry/contract.ts';
import type { Finding } from '../../contract.ts';
import { rowsOf } from '../../engine.ts';
import { quoteInstant, quoteName } from '../../sql-text.ts';
import type { ValidationContext } from '../context.ts';
import { wholeGradeOf } from '../grades.ts';
import { percent } from '../shown.ts';

/** Share of the holdout that may repeat rows of training, beyond what training repeats of itself. */
const MAX_SHARED = 0.01;
/** Repeats this many times as frequent as inside training are no chance. */
const MANY = 3;
const MIN_ROWS = 200;
/** Contents looked at; beyond it one in so many, by their hash, so that repeats stay together. */
const MAX_CONTENTS = 500_000;

export async function sharedRowFindings(context: ValidationContext): Promise<Finding[]> {
  const { config } = context;
  const severity = wholeGradeOf(config, 'shared_rows');
  const geometry = severity === null ? null : splitOf(context);
  if (severity === null || geometry === null) return [];
  const findings: Finding[] = [];
  const window = { from: geometry.train.from, to: geometry.holdout.to };
  const rules = config.data.rules;
  const idsLeftIn = rules.some(
    (rule) => 'unique' in rule && rule.unique.join() === config.data.id && rule.severity === 'warn',
  );
  if (idsLeftIn) {
    const { shared, holdout } = await sharedIds(context, geometry);
    const sentence = `${shared} ids of the holdout stand in training too: the model is judged on rows that it was fitted on. Deliver each id once.`;
    if (shared > 0)
      findings.push({
        rule: 'shared_rows',
        column: config.data.id,
        severity,
        count: shared,
        share: shared / holdout,
        limit: 'none',
        window,
        examples: [],
        sentence,
      });
  }
  const { shared, holdout, repeated, later, oneIn } = await sharedContents(context, geometry);
  const [share, usual] = [shared / holdout, repeated / later];
  if (holdout >= MIN_ROWS && later >= MIN_ROWS && share > MANY * usual + MAX_SHARED) {
    const looked = oneIn === 1 ? '' : ` (one in ${oneIn} looked at)`;
    const sentence = `${shared} of ${holdout} rows of the holdout${looked} repeat a row of training in everything but id and times (${percent(share)}; inside training ${percent(usual)}): figures on the holdout would flatter the model. Look for copies under new ids or times.`;
    const limit = `at most ${percent(MANY * usual + MAX_SHARED)}`;
    findings.push({
      rule: 'shared_rows',
      column: null,
      severity,
      count: shared,
      share,
      limit,
      window,
      examples: [],
      sentence,
    });
  }
  return findings;
}

/** @returns null where there is too little history to split; the run says so itself */
function splitOf({ config, raw, asOf }: ValidationContext): Geometry | null {
  try {
    return windowGeometry(config, asOf, raw.window.from);
  } catch {
    return null;
  }
}

const within = (time: string, { from, to }: { from: string; to: string }) =>
  `${time} >= ${quoteInstant(from)} AND ${time} < ${quoteInstant(to)}`;

async function sharedIds({ db, config }: ValidationContext, { train, holdout }: Geometry) {
  const [id, time] = [quoteName(config.data.id), quoteName(config.data.event_time)];
  const judged = `SELECT DISTINCT ${id} AS id FROM raw WHERE ${within(time, holdout)}`;
  const [found] = await rowsOf(
    db,
    `SELECT count(DISTINCT ${id}) AS shared, (SELECT count(*) FROM (${judged})) AS holdout FROM raw
     WHERE ${within(time, train)} AND ${id} IN (${judged})`,
  );
  return { shared: Number(found?.['shared']), holdout: Number(found?.['holdout']) };
}

async function sharedContents({ db, config, raw, columns }: ValidationContext, { train, holdout }: Geometry) {
  const { id, event_time: eventTime, label } = config.data;
  const time = quoteName(eventTime);
  const content = [...columns.keys()]
    .filter((name) => ![id, eventTime, label.available_at].includes(name))
    .map(quoteName);
  const oneIn = Math.max(1, Math.ceil(raw.rows / MAX_CONTENTS));
  const middle = new Date((Date.parse(train.from) + Date.parse(train.to)) / 2).toISOString();
  const part = (window: { from: string; to: string }) => `count(*) FILTER (${within(time, window)})`;
  const [found] = await rowsOf(
    db,
    `SELECT coalesce(sum(judged), 0) AS holdout, coalesce(sum(judged) FILTER (first + second > 0), 0) AS shared,
            coalesce(sum(second), 0) AS later, coalesce(sum(second) FILTER (first > 0), 0) AS repeated
     FROM (SELECT ${part(holdout)} AS judged, ${part({ from: train.from, to: middle })} AS first, ${part({ from: middle, to: train.to })} AS second
           FROM raw WHERE hash(${content.join(', ')}) % ${oneIn} = 0 GROUP BY hash(${content.join(', ')}))`,
  );
  const [rows, shared, later, repeated] = ['holdout', 'shared', 'later', 'repeated'].map((key) =>
    Number(found?.[key]),
  ) as [number, number, number, number];
  return { holdout: rows, shared, later, repeated, oneIn };
}
