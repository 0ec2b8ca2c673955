/** Every search for answers that leaked into features. What has too few rows is not judged. */
import type { RuleFamily } from '../context.ts';
import { newerFindings } from './newer-than-event.ts';
import { outcomeCopyFindings } from './outcome-copy.ts';
import { predictiveFindings } from './predicts-label.ts';
import { openSample } from './sample.ts';
import { sharedRowFindings } from './shared-rows.ts';

export const leakageFindings: RuleFamily = async (context) => {
  const sample = await openSample(context);
  const copies = await outcomeCopyFindings(context, sample);
  const known = new Set(copies.map(({ column }) => column));
  const telling = await predictiveFindings(context, sample, known); // one leak, one finding
  await context.db.run('DROP TABLE leak_sample');
  return [...copies, ...telling, ...(await sharedRowFindings(context)), ...(await newerFindings(context))];
};
