/**
 * One real Temporal server for all tests of a run, in memory, tuned, able to skip time for single workflows.
 *
 * Vitest starts it only when a test file of the project `temporal` is among those to run. Tests keep apart by task
 * queue and id prefix: `inject('temporalAddress')`.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startDevServer } from '../../src/local/dev-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `host:port` of the shared server. */
    temporalAddress: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startDevServer({
    uiPort: null,
    logFile: join(tmpdir(), `hone-test-temporal-${process.pid}.log`),
    tuned: true,
    timeSkipping: true,
    // Owners begin afresh after a few hundred events, so that tests see it happen; and a person may pause a workflow.
    extra: ['limit.historyCount.suggestContinueAsNew=400', 'frontend.WorkflowPauseEnabled=true'].flatMap((value) => [
      '--dynamic-config-value',
      value,
    ]),
    onProgress: (sentence) => process.stderr.write(`${sentence}\n`),
  });
  project.provide('temporalAddress', server.address);
  return () => server.stop();
}
