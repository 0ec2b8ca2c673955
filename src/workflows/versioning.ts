/** Which build of the worker goes on with a workflow, where workers say which build they are. */
import { workflowInfo } from '@temporalio/workflow';

/**
 * For workflows that live on and on: each turn by the current build, where all others end on the build that they began on.
 * A child of a pinned parent would begin on its parent's build, so the owner of runs has to follow. Asked of the worker at
 * hand, because one without builds may not answer at all (its turns are refused and tried again for ever; measured).
 */
export function followsCurrentBuild(): { versioningBehavior?: 'AUTO_UPGRADE' } {
  return workflowInfo().currentDeploymentVersion?.deploymentName ? { versioningBehavior: 'AUTO_UPGRADE' } : {};
}
