/** Every search for answers that leaked into features. What has too few rows is not judged. */
import type { Finding } from '../../contract.ts';
import type { CheckedContext, RuleFamily } from '../context.ts';
import { wholeGradeOf } from '../grades.ts';
import { newerFindings } from './newer-than-event.ts';
import { outcomeCopyFindings } from './outcome-copy.ts';
import { predictiveFindings } from './predicts-label.ts';
import { openSample } from './sample.ts';
import { sharedRowFindings } from './shared-rows.ts';

export const leakageFindings: RuleFamily = async (context) => [
  ...(await tellingFeatures(context)),
  ...(await sharedRowFindings(context)),
  ...(await newerFindings(context)),
];

async function tellingFeatures(context: CheckedContext): Promise<Finding[]> {
  const rules = ['outcome_copy', 'label_copy', 'predicts_label'] as const;
  if (rules.every((rule) => wholeGradeOf(context.config, rule) === null)) return [];
  const sample = await openSample(context);
  const copies = await outcomeCopyFindings(context, sample);
  const known = new Set(copies.map(({ column }) => column));
  const telling = await predictiveFindings(context, sample, known); // one leak, one finding
  await context.db.run('DROP TABLE leak_sample');
  return [...copies, ...telling];
}
