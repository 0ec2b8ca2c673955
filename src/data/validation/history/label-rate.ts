/** A rate of positive labels that the past never had: a changed meaning, flipped labels, or another population. */
import type { Finding } from '../../contract.ts';
import { knownLabel, matureBefore } from '../../features/mature-rows.ts';
import { quoteInstant, quoteName } from '../../sql-text.ts';
import type { ValidationContext } from '../context.ts';
import { wholeGradeOf } from '../grades.ts';
import { percent } from '../shown.ts';
import { daysOf, shiftOf } from './days.ts';
import { pastLimits } from './limits.ts';
import { shiftFinding, usualShares } from './shift-finding.ts';

/** Mature rows with a label only, of binary tasks. */
export async function labelRateFindings(context: ValidationContext): Promise<Finding[]> {
  const { config, asOf, pastColumns } = context;
  const severity = wholeGradeOf(config, 'label_rate');
  const { column, available_at: availableAt } = config.data.label;
  const there = pastColumns.has(column) && (availableAt === null || pastColumns.has(availableAt));
  if (severity === null || config.task !== 'binary' || !there) return [];
  const label = knownLabel(config, asOf);
  const mature = `${quoteName(config.data.event_time)} < ${quoteInstant(matureBefore(config, asOf))}`;
  const days = await daysOf(context, [`(${label}) = 1`], `${mature} AND (${label}) IS NOT NULL`);
  const { label_change: change, min_rows: least } = pastLimits(config);
  const shift = shiftOf(days, 0, { change, least });
  if (shift === null) return [];
  const sentence = `${percent(shift.recent)} of the ${shift.rows} newest labels are positive; it was ${percent(shift.past)} (${usualShares(shift)}). Check that the label means what it did, and that nobody turned it round.`;
  return [shiftFinding(context, shift, change, { rule: 'label_rate', column, severity, sentence })];
}
