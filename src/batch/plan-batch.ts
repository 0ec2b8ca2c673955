/** Fixes what a batch will do before it does anything: the version, the rows, the parts. */
import { fetchVersion, type VersionFiles } from '../serving/version-files.ts';
import { digestOf, findDocument, putDocument } from '../store/content.ts';
import { type BatchPlan, batchPlan, planKey } from './contract.ts';
import { type StageInput, stageRows } from './stage-rows.ts';

export interface PlanInput extends Omit<StageInput, 'served'> {
  readonly version: number;
  readonly asOf: string;
  /** Whether its predictions enter the prediction log. */
  readonly log: boolean;
}

/**
 * The same rows under the same version, with the same joins and windows, are the same batch: planned again, the first
 * plan is answered. Logged and not logged are two.
 *
 * @throws as `stageRows` and `fetchVersion`
 */
export async function planBatch(input: PlanInput): Promise<BatchPlan> {
  const { store, config, version, asOf, window, cacheDir, log } = input;
  const { model } = config;
  const files = await fetchVersion(store, model, version, cacheDir);
  const staged = await stageRows({ ...input, served: files.source.served });
  const batch = batchId(files, staged.parts, log);
  const known = await findDocument(store, planKey(model, batch), batchPlan);
  if (known !== undefined) return known;
  const plan: BatchPlan = {
    contract: 1,
    ...{ batch, model, version },
    model_sha256: files.source.modelSha256,
    feature_definition: files.source.served.definition.digest,
    as_of: asOf,
    window,
    ...staged,
    ...(log && { log }),
  };
  await putDocument(store, planKey(model, batch), batchPlan.parse(plan));
  return plan;
}

function batchId({ source }: VersionFiles, parts: BatchPlan['parts'], log: boolean): string {
  const rows = parts.map(({ day, input }) => [day, input.sha256]);
  const content = { model: source.modelSha256, features: source.served.definition.digest, rows };
  const logged = log && { log };
  return digestOf({ ...content, ...logged, version: source.version, lookups: source.lookups?.key ?? null }).slice(
    0,
    16,
  );
}
