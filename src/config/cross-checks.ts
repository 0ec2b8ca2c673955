/** Every rule that looks at more than one value of a model. Each is a pure function of its own under `checks/`. */
import type { Check, Complaint } from './checks/check.ts';
import {
  categoriesAreFeatures,
  criticalSlicesAreSlices,
  fairnessNeedsDecisions,
  featureNamesAreUnique,
  featuresAreKnownBeforehand,
  gateColumnsMeanSomething,
  labelFitsTask,
} from './checks/columns.ts';
import {
  joinsAreNamedApart,
  lookupsAreKnownBeforehand,
  precomputedComputesNothing,
  windowsAreUsable,
} from './checks/features.ts';
import { metricsCanJudge, metricsFitTask, primaryHasMargin } from './checks/metrics.ts';
import {
  approversExist,
  canaryClimbsToAll,
  driftLimitsAreOrdered,
  escalationComesInTime,
  githubHasStatus,
  highTierIsDecidedByPeople,
  selectiveLabelsAreDecidedByPeople,
  signersHaveKeys,
} from './checks/policy.ts';
import { bucketEdgesRise, eachFieldHasOneFate, figuresAreNamedOnceAndPointToWorse } from './checks/recording.ts';
import { columnsAreListedOnce, rangesAreOrdered } from './checks/rules.ts';
import { scheduleIsSane } from './checks/schedule.ts';
import { configurationsAreNamedApart } from './checks/search.ts';
import { eventTypesDiffer, freezeWindowsCanCome, kindsAreCombinedWithOthers } from './checks/triggers.ts';
import {
  bakeFitsItsDeadline,
  durationsAreMoreThanNothing,
  holdoutCanDecide,
  rollingWindowHoldsTheSplit,
  windowsAreWholeDays,
} from './checks/windows.ts';
import type { HoneConfig } from './hone.ts';
import type { ModelConfig } from './model.ts';

const CHECKS: readonly Check[] = [
  featuresAreKnownBeforehand,
  featureNamesAreUnique,
  categoriesAreFeatures,
  lookupsAreKnownBeforehand,
  windowsAreUsable,
  joinsAreNamedApart,
  precomputedComputesNothing,
  labelFitsTask,
  metricsFitTask,
  metricsCanJudge,
  primaryHasMargin,
  criticalSlicesAreSlices,
  rangesAreOrdered,
  columnsAreListedOnce,
  fairnessNeedsDecisions,
  gateColumnsMeanSomething,
  windowsAreWholeDays,
  durationsAreMoreThanNothing,
  holdoutCanDecide,
  rollingWindowHoldsTheSplit,
  canaryClimbsToAll,
  githubHasStatus,
  bakeFitsItsDeadline,
  approversExist,
  signersHaveKeys,
  escalationComesInTime,
  highTierIsDecidedByPeople,
  selectiveLabelsAreDecidedByPeople,
  driftLimitsAreOrdered,
  configurationsAreNamedApart,
  scheduleIsSane,
  eventTypesDiffer,
  freezeWindowsCanCome,
  kindsAreCombinedWithOthers,
  eachFieldHasOneFate,
  bucketEdgesRise,
  figuresAreNamedOnceAndPointToWorse,
];

export function crossCheck(config: ModelConfig, hone: HoneConfig | undefined): Complaint[] {
  return CHECKS.flatMap((check) => check(config, hone));
}
