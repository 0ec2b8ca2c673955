/** All activities, made once with what they need from outside. */
import { approveActivities } from './approve.ts';
import { batchActivities } from './batch.ts';
import { clockActivities } from './clock.ts';
import { deployActivities } from './deploy.ts';
import type { Deps } from './deps.ts';
import { endActivities } from './end.ts';
import { evaluateActivities } from './evaluate.ts';
import { featureActivities } from './features.ts';
import { gateActivities } from './gate.ts';
import { ingestActivities } from './ingest.ts';
import { monitorActivities } from './monitor.ts';
import { notifyActivities } from './notify.ts';
import { outsideRolloutActivities } from './outside-rollout.ts';
import { outsideTargetActivities } from './outside-target.ts';
import { ownerActivities } from './owner.ts';
import { reconcileActivities } from './reconcile.ts';
import { registerActivities } from './register.ts';
import { retentionActivities } from './retention.ts';
import { rollbackActivities } from './rollback.ts';
import { searchActivities } from './search.ts';
import { trainActivities } from './train.ts';
import { triggerActivities } from './trigger.ts';
import { validateActivities } from './validate.ts';

export const createActivities = (deps: Deps) => ({
  ...ownerActivities(deps),
  ...clockActivities(deps),
  ...triggerActivities(deps),
  ...ingestActivities(deps),
  ...validateActivities(deps),
  ...featureActivities(deps),
  ...trainActivities(deps),
  ...searchActivities(deps),
  ...registerActivities(deps),
  ...evaluateActivities(deps),
  ...gateActivities(deps),
  ...approveActivities(deps),
  ...deployActivities(deps),
  ...outsideTargetActivities(deps),
  ...outsideRolloutActivities(deps),
  ...monitorActivities(deps),
  ...batchActivities(deps),
  ...notifyActivities(deps),
  ...retentionActivities(deps),
  ...endActivities(deps),
  ...rollbackActivities(deps),
  ...reconcileActivities(deps),
});
export type Activities = ReturnType<typeof createActivities>;
