/** Times among the columns of features that lie after the event: nobody could have known them at prediction. */
import type { Finding } from '../../contract.ts';
import { rowsOf } from '../../engine.ts';
import { quoteName } from '../../sql-text.ts';
import type { CheckedContext } from '../context.ts';
import { wholeGradeOf } from '../grades.ts';
import { percent, showName } from '../shown.ts';

export async function newerFindings(context: CheckedContext): Promise<Finding[]> {
  const { db, config, columns, raw, used } = context;
  const severity = wholeGradeOf(config, 'newer_than_event');
  const event = config.data.event_time;
  const times = used.filter((name) => name !== event && /^(TIMESTAMP|DATE)/.test(columns.get(name) ?? ''));
  if (severity === null || times.length === 0) return [];
  const later = times.map((name) => `CAST(${quoteName(name)} AS TIMESTAMPTZ) > ${quoteName(event)}`);
  const [scan = {}] = await rowsOf(
    db,
    `SELECT ${later.map((condition, i) => `count(*) FILTER (${condition}) AS c${i}`).join(', ')} FROM raw`,
  );
  return times.flatMap((column, i): Finding[] => {
    const count = Number(scan[`c${i}`]);
    if (count === 0) return [];
    const share = count / raw.rows;
    const sentence = `${showName(column)}, which a feature reads, is later than its event in ${count} rows (${percent(share)}). If it is no plan made before, take it out of features: at prediction it is not known.`;
    return [
      { rule: 'newer_than_event', column, severity, count, share, limit: `not after ${event}`, examples: [], sentence },
    ];
  });
}
