/** Runs as lists and pages see them: one `list` of memos and search attributes, no worker needed. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { RunStatus } from '../workflows/messages.ts';
import type { HoneClient } from './connect.ts';
import { RunClosed, RunUnknown } from './errors.ts';

export interface RunSummary {
  readonly run: string;
  readonly model: string;
  readonly trigger: string;
  readonly stage: string | null;
  readonly outcome: string | null;
  readonly needs: string | null;
  readonly waitingFor: string | null;
  readonly deadline: string | null;
  readonly packet: string | null;
  readonly sentence: string;
  readonly started: string;
  readonly ended: string | null;
  readonly status: string;
}

/** Newest first. Temporal forgets closed runs after its retention; `hone run show` then reads the store's record. */
export async function listRuns(
  client: HoneClient,
  filter: { model?: string; needs?: string; open?: boolean; limit?: number } = {},
): Promise<RunSummary[]> {
  const temporal = await client.temporal();
  const clauses = [
    "WorkflowType = 'retraining'",
    ...(filter.model ? [`HoneModel = '${quoted(filter.model)}'`] : []),
    ...(filter.open ? ["ExecutionStatus = 'Running'"] : []),
    ...(filter.needs ? [`HoneNeeds = '${quoted(filter.needs)}'`] : []),
  ];
  const runs: RunSummary[] = [];
  for await (const found of temporal.workflow.list({ query: clauses.join(' AND ') })) {
    const memo = (found.memo ?? {}) as Record<string, string | null>;
    const attribute = (name: string) => {
      const value = (found.searchAttributes as Record<string, unknown[]>)[name]?.[0];
      return typeof value === 'string' ? value : null;
    };
    runs.push({
      run: found.workflowId,
      model: attribute('HoneModel') ?? '',
      trigger: attribute('HoneTrigger') ?? '',
      stage: memo['stage'] ?? null,
      outcome: memo['outcome'] ?? null,
      needs: attribute('HoneNeeds'),
      waitingFor: memo['waitingFor'] ?? null,
      deadline: memo['deadline'] ?? null,
      packet: memo['packet'] ?? null,
      sentence: memo['sentence'] ?? '',
      started: found.startTime.toISOString(),
      ended: found.closeTime?.toISOString() ?? null,
      status: found.status.name,
    });
    if (filter.limit && runs.length >= filter.limit) break;
  }
  return runs.sort((a, b) => b.started.localeCompare(a.started));
}

/** What the run says now; needs a worker. @throws RunUnknown */
export async function runStatus(client: HoneClient, run: string): Promise<RunStatus> {
  try {
    return await (await client.temporal()).workflow.getHandle(run).query<RunStatus>('status');
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw new RunUnknown(run);
    throw error;
  }
}

/** Asks the run to stop: it undoes what it did, then ends `cancelled`. @throws RunUnknown, RunClosed */
export async function cancelRun(client: HoneClient, run: string): Promise<void> {
  const found = await client.describeRun(run);
  if (found === 'missing') throw new RunUnknown(run);
  if (found === 'closed') throw new RunClosed(run, null);
  await (await client.temporal()).workflow.getHandle(run).cancel();
}

/** A value inside a visibility query. */
function quoted(value: string): string {
  return value.replaceAll(/['\\]/g, '');
}
