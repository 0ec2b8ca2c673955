/** Features that are a column of the outcome under another name or in another unit. */
import type { Finding } from '../../contract.ts';
import { rowsOf } from '../../engine.ts';
import { isNumeric } from '../column-types.ts';
import type { ValidationContext } from '../context.ts';
import { wholeGradeOf } from '../grades.ts';
import { percent, showName } from '../shown.ts';
import type { LeakSample } from './sample.ts';

/** Share of equal values from which a column is a copy. */
const EQUAL = 0.999;
/** Among values other than the most common one, which two columns may share by chance (no rain, no delay). */
const EQUAL_ELSEWHERE = 0.99;
const MIN_ELSEWHERE = 50;
/** Linear correlation from which a column is the outcome in another unit. */
const SAME_LINE = 0.99999;
const AT_ONCE = 100;

export async function outcomeCopyFindings(
  { config, columns }: ValidationContext,
  sample: LeakSample,
): Promise<Finding[]> {
  const severity = wholeGradeOf(config, 'outcome_copy');
  if (severity === null || sample.rows === 0) return [];
  const findings: Finding[] = [];
  for (const [o, outcome] of sample.outcomes.entries()) {
    const number = isNumeric(columns.get(outcome) ?? '');
    const [common] = await rowsOf(sample.db, `SELECT mode(o${o})::VARCHAR AS usual FROM leak_sample`);
    const value = number ? `TRY_CAST(o${o} AS FLOAT)` : `CAST(o${o} AS VARCHAR)`;
    const elsewhere = `o${o} IS DISTINCT FROM (SELECT mode(o${o}) FROM leak_sample)`;
    if (common?.['usual'] === null) continue;
    const candidates = sample.features.flatMap(({ name, type }, i) =>
      (type === 'string') === !number ? [{ name, i }] : [],
    );
    for (let from = 0; from < candidates.length; from += AT_ONCE) {
      const some = candidates.slice(from, from + AT_ONCE);
      const counts = some.flatMap(({ i }) => [
        `count(*) FILTER (f${i} = ${value}) AS e${i}`,
        `count(*) FILTER (f${i} = ${value} AND ${elsewhere}) AS s${i}`,
        // NaN and infinity have no correlation: the engine refuses them
        number ? `corr(f${i}, ${value}) FILTER (isfinite(f${i}) AND isfinite(${value})) AS r${i}` : `0.0 AS r${i}`,
      ]);
      const [scan = {}] = await rowsOf(
        sample.db,
        `SELECT count(o${o}) AS known, count(o${o}) FILTER (${elsewhere}) AS other, ${counts.join(', ')} FROM leak_sample`,
      );
      const [known, other] = [Number(scan['known']), Number(scan['other'])];
      if (other < MIN_ELSEWHERE) continue;
      for (const { name, i } of some) {
        const [equal, line] = [Number(scan[`e${i}`]), Math.abs(Number(scan[`r${i}`] ?? 0))];
        const same = equal >= EQUAL * known && Number(scan[`s${i}`]) >= EQUAL_ELSEWHERE * other;
        if (!same && !(line >= SAME_LINE)) continue;
        const how = same
          ? `equals the outcome ${showName(outcome)} in ${percent(equal / known)} of ${known} rows`
          : `is the outcome ${showName(outcome)} in another unit (correlation ${line.toFixed(6)} on ${known} rows)`;
        const sentence = `Feature ${showName(name)} ${how}: it is known only after the event. Remove it from features and list it under data.outcomes.`;
        const limit = `equal in under ${percent(EQUAL)}, correlation under ${SAME_LINE}`;
        const count = same ? equal : known;
        findings.push({
          rule: 'outcome_copy',
          column: name,
          severity,
          count,
          share: same ? equal / known : line,
          limit,
          examples: [],
          sentence,
        });
      }
    }
  }
  return findings;
}
