/** Whether the label can teach anything: there, of more than one class, and covering the mature rows. */
import type { Finding } from '../contract.ts';
import { knownLabel, matureBefore } from '../features/mature-rows.ts';
import { quoteInstant, quoteName } from '../sql-text.ts';
import type { ValidationContext } from './context.ts';
import { wholeGradeOf } from './grades.ts';
import type { ScanPart } from './row-scan.ts';
import { percent } from './shown.ts';

/** Share of mature rows with a label under which somebody should look; cancelled flights alone are 2.8 %. */
const COVERAGE_EXPECTED = 0.5;

/** Looks at mature rows only. */
export function labelPart(context: ValidationContext): ScanPart {
  const { config, asOf } = context;
  const label = `(${knownLabel(config, asOf)})`;
  const { column, available_at: at } = config.data.label;
  const due = at === null ? 'true' : `coalesce(${quoteName(at)} <= ${quoteInstant(asOf)}, true)`;
  const given = `${quoteName(column)} IS NOT NULL AND ${due}`;
  const mature = `${quoteName(config.data.event_time)} < ${quoteInstant(matureBefore(config, asOf))}`;
  return {
    select: [
      `count(*) FILTER (WHERE ${mature}) AS label_rows`,
      `count(${label}) FILTER (WHERE ${mature}) AS label_known`,
      `min(${label}) FILTER (WHERE ${mature}) AS label_least`,
      `max(${label}) FILTER (WHERE ${mature}) AS label_most`,
      `count(*) FILTER (WHERE ${mature} AND ${label} NOT IN (0, 1)) AS label_odd`,
      `count(*) FILTER (WHERE ${mature} AND ${given} AND ${label} IS NULL) AS label_lost`,
    ],
    read: async (row) => labelFindings(context, row),
  };
}

function labelFindings({ config, asOf }: ValidationContext, row: Record<string, unknown>): Finding[] {
  const { column, if_never: ifNever } = config.data.label;
  const cut = matureBefore(config, asOf);
  const number = (key: string) => Number(row[`label_${key}`] ?? 0);
  const [n, known, odd, lost] = [number('rows'), number('known'), number('odd'), number('lost')];
  const finding = (
    rule: string,
    severity: Finding['severity'],
    count: number,
    limit: string,
    sentence: string,
  ): Finding => {
    return { rule, column, severity, count, share: n === 0 ? 0 : count / n, limit, examples: [], sentence };
  };

  if (known === 0) {
    const cure = 'Check data.label (column, available_at, mature_after) and whether labels were delivered.';
    return [
      finding('label_missing', 'reject', n, 'some labels', `None of the ${n} rows before ${cut} has a label. ${cure}`),
    ];
  }
  const findings: Finding[] = [];
  const neverMeansAClass = ifNever === 'negative' || ifNever === 'positive';
  if (row['label_least'] === row['label_most'] && !(neverMeansAClass && known < n)) {
    const sentence = `All ${known} labels before ${cut} are the same. Check data.label.column and data.label.positive.`;
    findings.push(finding('label_constant', 'reject', known, 'at least two values', sentence));
  }
  if (config.task === 'binary' && odd > 0) {
    const sentence = `${odd} labels are neither 0 nor 1. Say which value is the positive one under data.label.positive.`;
    findings.push(finding('label_values', 'reject', odd, '0 or 1', sentence));
  }
  if (lost > 0) {
    const sentence = `${lost} labels are no numbers. Mend them in the source; a classification of text needs data.label.positive.`;
    findings.push(finding('label_type', 'reject', lost, 'a number', sentence));
  }
  const grade = wholeGradeOf(config, 'label_coverage');
  if (known / n < COVERAGE_EXPECTED && grade) {
    const sentence = `Only ${percent(known / n)} of the ${n} rows before ${cut} have a label (if_never: ${ifNever}). Lengthen data.label.mature_after, or find out why labels do not arrive.`;
    findings.push(finding('label_coverage', grade, n - known, `at least ${percent(COVERAGE_EXPECTED)}`, sentence));
  }
  return findings;
}
