/** A whole batch in this process: for the command line, where no workflow is wanted. */
import type { BatchManifest } from './contract.ts';
import { type PlanInput, planBatch } from './plan-batch.ts';
import { publishBatch } from './publish-batch.ts';
import { scorePart } from './score-part.ts';

/** @param onPart rows that are done, of all. @throws as `planBatch`, `scorePart`, `publishBatch` */
export async function scoreBatch(
  input: PlanInput & { readonly onPart?: (done: number, rows: number) => void },
): Promise<BatchManifest> {
  const { store, config, cacheDir, workDir, signal } = input;
  const { model, batch, rows, parts } = await planBatch(input);
  let done = 0;
  for (const { day, rows: count } of parts) {
    await scorePart({ store, model: config.model, batch, day, cacheDir, workDir, signal });
    done += count;
    input.onPart?.(done, rows);
  }
  return await publishBatch(store, model, batch);
}
