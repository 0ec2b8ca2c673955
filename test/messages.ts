/** What any Temporal client can send to a workflow, well-formed or not, and where its answers can be read. */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import type { Town } from './town.ts';

export async function workflow(town: Town, id: string): Promise<WorkflowHandle> {
  return (await town.client.temporal()).workflow.getHandle(id);
}

/** A signal without arguments where `body` is left out. */
export async function signal(town: Town, id: string, name: string, ...body: unknown[]): Promise<void> {
  await (await workflow(town, id)).signal(name, ...body);
}

export async function update(town: Town, id: string, name: string, ...body: unknown[]): Promise<unknown> {
  return await (await workflow(town, id)).executeUpdate(name, { args: body as [unknown] });
}

/** A signal whose payload no client library made. `encoding: null` leaves the encoding out. */
export async function signalBytes(
  town: Town,
  id: string,
  name: string,
  payload: { encoding: string | null; bytes: string | Uint8Array },
): Promise<void> {
  const temporal = await town.client.temporal();
  await temporal.workflowService.signalWorkflowExecution({
    namespace: temporal.options.namespace,
    workflowExecution: { workflowId: id },
    signalName: name,
    requestId: randomUUID(),
    input: { payloads: [payloadOf(payload)] },
  });
}

/** The message that the update was refused with, or null when it was accepted. */
export async function updateBytes(
  town: Town,
  id: string,
  name: string,
  payload: { encoding: string | null; bytes: string | Uint8Array },
): Promise<string | null> {
  const temporal = await town.client.temporal();
  const { outcome } = await temporal.workflowService.updateWorkflowExecution({
    namespace: temporal.options.namespace,
    workflowExecution: { workflowId: id },
    waitPolicy: { lifecycleStage: 3 },
    request: { meta: { updateId: randomUUID() }, input: { name, args: { payloads: [payloadOf(payload)] } } },
  });
  return outcome?.failure?.message ?? null;
}

function payloadOf({ encoding, bytes }: { encoding: string | null; bytes: string | Uint8Array }): Payload {
  const data = Buffer.from(bytes as string);
  return encoding === null ? { data } : { metadata: { encoding: Buffer.from(encoding) }, data };
}

/** What Temporal's own page shows of a running workflow, as Markdown. */
export async function currentDetails(town: Town, id: string): Promise<string> {
  const metadata = await (await workflow(town, id)).query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}

/** Readable without a worker. */
export async function memo(town: Town, id: string): Promise<Record<string, unknown>> {
  return (await (await workflow(town, id)).describe()).memo ?? {};
}

/** Polls until the value passes. */
export async function eventually<T>(what: string, read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  let last: T | undefined;
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await new Promise((done) => setTimeout(done, 50))) {
    last = await read();
    if (holds(last)) return last;
  }
  throw new Error(`not in time: ${what}. Last: ${JSON.stringify(last)}`);
}
