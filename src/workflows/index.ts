/** Everything that Temporal may start, under the name that its pages show. */
export { batchScoring } from './batch-scoring.ts';
export { erasure } from './erasure.ts';
export { model } from './model.ts';
export { monitoring } from './monitoring.ts';
export { notify } from './notify.ts';
export { probation } from './probation.ts';
export { reconcile } from './reconcile.ts';
export { requestRun } from './request-run.ts';
export { retention } from './retention.ts';
export { retraining } from './retraining.ts';
export { rollback } from './rollback.ts';
