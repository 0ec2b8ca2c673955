/** Every comparison with the recent past. What has too few rows on either side is not judged, and so never an alarm. */
import type { RuleFamily } from '../context.ts';
import { categoryFindings } from './categories.ts';
import { floodFindings } from './flood.ts';
import { freshnessFindings, gapFindings } from './gaps.ts';
import { labelRateFindings } from './label-rate.ts';
import { missingShareFindings } from './missing-share.ts';
import { volumeFindings } from './volume.ts';

export const historyFindings: RuleFamily = async (context) => {
  return [
    ...(await freshnessFindings(context)),
    ...(await volumeFindings(context)),
    ...(await gapFindings(context)),
    ...(await missingShareFindings(context)),
    ...(await categoryFindings(context)),
    ...(await labelRateFindings(context)),
    ...(await floodFindings(context)),
  ];
};
