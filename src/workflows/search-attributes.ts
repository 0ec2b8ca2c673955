/** What lists and pages filter by, readable without a worker. Registered by `hone config apply` and the dev server. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

export const honeModel = keyword('HoneModel');
export const honeRun = keyword('HoneRun');
export const honeTrigger = keyword('HoneTrigger');
export const honeStage = keyword('HoneStage');
export const honeVerdict = keyword('HoneVerdict');
/** `approval`, `inconclusive` or `stuck` while the run needs somebody; removed otherwise. */
export const honeNeeds = keyword('HoneNeeds');
