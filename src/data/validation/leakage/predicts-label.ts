/** Features that tell the label too well to be known before it, and copies of the label under another name. */
import type { Finding } from '../../contract.ts';
import { rowsOf } from '../../engine.ts';
import type { ValidationContext } from '../context.ts';
import { wholeGradeOf } from '../grades.ts';
import { showName } from '../shown.ts';
import { comparisonFindings } from './comparisons.ts';
import type { LeakSample } from './sample.ts';
import { skillOf, type Target } from './skill.ts';

/** Fewer rows, or fewer of the rarer class, are not judged. */
const MIN_ROWS = 500;
const MIN_RARER = 50;

/** @param found features that another rule has named already */
export async function predictiveFindings(
  context: ValidationContext,
  sample: LeakSample,
  found: ReadonlySet<string | null>,
): Promise<Finding[]> {
  const { config } = context;
  const [copies, tells] = [wholeGradeOf(config, 'label_copy'), wholeGradeOf(config, 'predicts_label')];
  const target = await targetOf(sample, config.task);
  if (target === null || (copies === null && tells === null)) return [];
  const { warn_at: warnAt, reject_at: rejectAt } = sample.limits;
  const measure = target.kind === 'binary' ? 'AUC' : 'rank correlation';
  const findings: Finding[] = [];
  const skills = new Map<string, number>();
  for (const [i, { name, type }] of sample.features.entries()) {
    if (found.has(name)) continue;
    const skill = await skillOf(sample, `f${i}`, type === 'string', target);
    if (skill < warnAt) {
      skills.set(name, skill);
      continue;
    }
    const common = { column: name, count: sample.rows, share: skill, examples: [] };
    const cure = `If ${showName(name)} is known only after the event, remove it from features and list it under data.outcomes.`;
    if (copies !== null && skill >= rejectAt && (await isCopy(sample, `f${i}`, target))) {
      const sentence = `Feature ${showName(name)} is the label under another name: it tells it in nearly all of ${sample.rows} rows. ${cure}`;
      findings.push({ ...common, rule: 'label_copy', severity: copies, limit: 'no copy of the label', sentence });
    } else if (tells !== null) {
      const severity = skill >= rejectAt ? tells : 'warn';
      const most = severity === 'warn' ? warnAt : rejectAt;
      const limit = `${measure} under ${most}`;
      const sentence = `Feature ${showName(name)} alone tells the label with ${target.kind === 'binary' ? 'an' : 'a'} ${measure} of ${skill.toFixed(4)} on ${sample.rows} mature rows (limit ${most}). ${cure}`;
      findings.push({ ...common, rule: 'predicts_label', severity, limit, sentence });
    }
  }
  return [...findings, ...(await comparisonFindings(context, sample, target, skills))];
}

/** Several classes: the most common one against the rest. @returns null where there is too little to judge */
async function targetOf({ db, rows }: LeakSample, task: ValidationContext['config']['task']): Promise<Target | null> {
  if (rows < MIN_ROWS) return null;
  if (task === 'regression') return { sql: 'label', kind: 'number' };
  const classes = await rowsOf(
    db,
    'SELECT label, count(*) AS n FROM leak_sample GROUP BY 1 ORDER BY n DESC, 1 LIMIT 1',
  );
  const most = Number(classes[0]?.['n']);
  if (Math.min(most, rows - most) < MIN_RARER) return null;
  const sql = task === 'binary' ? 'label' : `(label = ${Number(classes[0]?.['label'])})::DOUBLE`;
  return { sql, kind: 'binary' };
}

/** Equal numbers; or no more values than there are classes, a missing one not counted. */
async function isCopy({ db, rows }: LeakSample, column: string, target: Target): Promise<boolean> {
  const [found] = await rowsOf(
    db,
    target.kind === 'number'
      ? `SELECT count(*) FILTER (${column} = label::FLOAT) >= 0.999 * ${rows} AS copy FROM leak_sample`
      : `SELECT count(DISTINCT ${column}) <= count(DISTINCT label) AS copy FROM leak_sample`,
  );
  return found?.['copy'] === true;
}
