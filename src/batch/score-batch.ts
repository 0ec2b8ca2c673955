/** A whole batch in this process: for the command line, where no workflow is wanted. Rows scored by hand are not logged. */
import type { BatchManifest } from './contract.ts';
import { type PlanInput, planBatch } from './plan-batch.ts';
import { publishBatch } from './publish-batch.ts';
import { scorePart } from './score-part.ts';

const hashKey = () => Promise.reject(new Error('a batch that is not logged hashes nothing'));

/** @param onPart rows that are done, of all. @throws as `planBatch`, `scorePart`, `publishBatch` */
export async function scoreBatch(
  input: Omit<PlanInput, 'log'> & { readonly onPart?: (done: number, rows: number) => void },
): Promise<BatchManifest> {
  const { store, config, cacheDir, workDir, signal } = input;
  const { model, batch, rows, parts } = await planBatch({ ...input, log: false });
  let done = 0;
  for (const { day, rows: count } of parts) {
    await scorePart({ store, model: config.model, batch, day, cacheDir, workDir, hashKey, signal });
    done += count;
    input.onPart?.(done, rows);
  }
  return await publishBatch(store, model, batch);
}
