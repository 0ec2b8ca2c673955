/** I12 after a fault: every history of a model replays on the code of today, without an activity and without a server. */
import { Worker } from '@temporalio/worker';
import { honeCacheFolder } from '../../src/local/cache-folder.ts';
import { workflowBundle } from '../../src/local/workflow-bundle.ts';
import type { Watched } from './invariants.ts';

/** @returns what did not replay, in words */
export async function replayProblems(
  { client }: Pick<Watched, 'client'>,
  models: readonly string[],
): Promise<string[]> {
  const temporal = await client.temporal();
  const named = models.map((model) => `'${model}'`).join(', ');
  const codePath = await workflowBundle(honeCacheFolder());
  const histories = temporal.workflow.list({ query: `HoneModel IN (${named})` }).intoHistories({ concurrency: 4 });
  const problems: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { codePath } }, histories))
    if (error) problems.push(`I12: ${workflowId} does not replay: ${error.message}`);
  return problems;
}
