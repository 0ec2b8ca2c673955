/** Whether the label can teach anything: there, of more than one class, and covering the mature rows. */
import type { Finding } from '../contract.ts';
import { rowsOf } from '../engine.ts';
import { knownLabel, matureBefore } from '../features/mature-rows.ts';
import { quoteInstant, quoteName } from '../sql-text.ts';
import type { ValidationContext } from './context.ts';
import { percent } from './row-checks.ts';

/** Share of mature rows with a label under which somebody should look; cancelled flights alone are 2.8 %. */
const COVERAGE_EXPECTED = 0.5;

/** Looks at mature rows only. */
export async function labelFindings({ db, config, asOf }: ValidationContext): Promise<Finding[]> {
  const { column, if_never: ifNever } = config.data.label;
  const cut = matureBefore(config, asOf);
  const [found] = await rowsOf(
    db,
    `SELECT count(*) AS n, count(label) AS known, min(label) AS least, max(label) AS most,
            count(*) FILTER (label NOT IN (0, 1)) AS odd, count(*) FILTER (given AND label IS NULL) AS lost
     FROM (SELECT ${knownLabel(config, asOf)} AS label, ${quoteName(column)} IS NOT NULL AS given FROM raw
           WHERE ${quoteName(config.data.event_time)} < ${quoteInstant(cut)})`,
  );
  const [n, known, odd, lost] = ['n', 'known', 'odd', 'lost'].map((key) => Number(found?.[key] ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
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
  const classes = ifNever === 'negative' || ifNever === 'positive' ? (known < n ? 1 : 0) : 0;
  if (found?.['least'] === found?.['most'] && classes === 0) {
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
  if (known / n < COVERAGE_EXPECTED) {
    const sentence = `Only ${percent(known / n)} of the ${n} rows before ${cut} have a label (if_never: ${ifNever}). Lengthen data.label.mature_after, or find out why labels do not arrive.`;
    findings.push(finding('label_coverage', 'warn', n - known, `at least ${percent(COVERAGE_EXPECTED)}`, sentence));
  }
  return findings;
}
