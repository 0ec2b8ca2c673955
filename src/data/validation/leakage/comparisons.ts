/** Pairs of features whose comparison is the label: "price above its mean" leaks, though neither column does alone. */
import type { Finding } from '../../contract.ts';
import { rowsOf } from '../../engine.ts';
import type { ValidationContext } from '../context.ts';
import { wholeGradeOf } from '../grades.ts';
import { showName } from '../shown.ts';
import type { LeakSample } from './sample.ts';
import type { Target } from './skill.ts';

/** More numeric features than this make too many pairs to look at; the first ones are compared. */
const MAX_FEATURES = 60;
const AT_ONCE = 200;
const MANY_ROWS = 10_000;

/**
 * Of binary targets: AUC of "a is greater than b", which is (true positive rate + true negative rate) / 2.
 *
 * @param skills of the features that are under suspicion of nothing; of a pair the one that tells more alone is named
 */
export async function comparisonFindings(
  { config }: ValidationContext,
  sample: LeakSample,
  target: Target,
  skills: ReadonlyMap<string, number>,
): Promise<Finding[]> {
  const severity = wholeGradeOf(config, 'predicts_label');
  if (severity === null || target.kind !== 'binary') return [];
  const numeric = sample.features
    .flatMap(({ name, type }, i) => (type === 'string' || !skills.has(name) ? [] : [{ name, i }]))
    .slice(0, MAX_FEATURES);
  const pairs = numeric.flatMap((a, at) => numeric.slice(at + 1).map((b) => ({ a, b })));
  const { warn_at: warnAt, reject_at: rejectAt } = sample.limits;
  const part = sample.rows > MANY_ROWS ? 'WHERE fold = 0' : ''; // many pairs, and a fifth of the rows tells enough
  const findings: Finding[] = [];
  for (let from = 0; from < pairs.length; from += AT_ONCE) {
    const some = pairs.slice(from, from + AT_ONCE);
    const [scan = {}] = await rowsOf(
      sample.db,
      `SELECT count(*) AS rows, ${some.map(({ a, b }, k) => `avg((f${a.i} > f${b.i})::INT) FILTER (y = 1) AS t${k}, avg((f${a.i} > f${b.i})::INT) FILTER (y = 0) AS u${k}`).join(', ')}
       FROM (SELECT *, ${target.sql} AS y FROM leak_sample ${part})`,
    );
    const rows = Number(scan['rows']);
    for (const [k, { a, b }] of some.entries()) {
      const skill = (1 + Math.abs(Number(scan[`t${k}`] ?? 0) - Number(scan[`u${k}`] ?? 0))) / 2;
      if (skill < warnAt) continue;
      const grade = skill >= rejectAt ? severity : 'warn';
      const column = (skills.get(a.name) ?? 0) >= (skills.get(b.name) ?? 0) ? a.name : b.name;
      const most = grade === 'warn' ? warnAt : rejectAt;
      const limit = `AUC under ${most}`;
      const sentence = `Whether feature ${showName(a.name)} is greater than ${showName(b.name)} tells the label with an AUC of ${skill.toFixed(4)} on ${rows} mature rows (limit ${most}). If one of them is known only after the event, remove it from features and list it under data.outcomes.`;
      findings.push({
        rule: 'predicts_label',
        column,
        severity: grade,
        count: rows,
        share: skill,
        limit,
        examples: [],
        sentence,
      });
    }
  }
  return findings;
}
