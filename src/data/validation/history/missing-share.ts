/** Columns that are missing more often, or less often, than they were. */
import type { Finding } from '../../contract.ts';
import { quoteName } from '../../sql-text.ts';
import type { CheckedContext } from '../context.ts';
import { wholeGradeOf } from '../grades.ts';
import { percent, showName } from '../shown.ts';
import { daysOf, shiftOf } from './days.ts';
import { pastLimits } from './limits.ts';
import { shiftFinding, usualShares } from './shift-finding.ts';

export async function missingShareFindings(context: CheckedContext): Promise<Finding[]> {
  const severity = wholeGradeOf(context.config, 'missing_shift');
  const columns = context.used.filter((name) => context.columns.has(name) && context.pastColumns.has(name));
  if (severity === null || columns.length === 0) return [];
  const { missing_change: change, min_rows: least } = pastLimits(context.config);
  const days = await daysOf(
    context,
    columns.map((name) => `${quoteName(name)} IS NULL`),
  );
  return columns.flatMap((column, i): Finding[] => {
    const shift = shiftOf(days, i, { change, least });
    if (shift === null) return [];
    const sentence = `${showName(column)} is missing in ${percent(shift.recent)} of the ${shift.rows} newest rows; it was ${percent(shift.past)} (${usualShares(shift)}). Ask its producer what changed; models read a missing value as one that says something.`;
    return [shiftFinding(context, shift, change, { rule: 'missing_shift', column, severity, sentence })];
  });
}
