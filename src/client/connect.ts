/** The one way to Temporal for everything outside workflows. Connects lazily, so that commands that need none work without. */
import { Client, Connection, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { HoneConfig } from '../config/hone.ts';
import { HoneError } from '../errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { connectionOptions, knock } from './connection-options.ts';
import { TemporalRefused, TemporalUnreachable } from './errors.ts';

const CONNECT_WITHIN = '5 seconds';

export interface HoneClient {
  /** @throws TemporalUnreachable naming the address, TemporalRefused, TemporalSecretMissing */
  temporal(): Promise<Client>;
  /** Whether a run's workflow is open, closed, or unknown to Temporal. */
  describeRun(run: string): Promise<'open' | 'closed' | 'missing'>;
  readonly taskQueue: string;
  /** For messages. */
  readonly address: string;
  readonly uiUrl: (workflowId: string) => string | null;
  close(): Promise<void>;
}

export function connectLazily(hone: HoneConfig, logger?: Logger): HoneClient {
  let connection: Connection | undefined;
  let client: Promise<Client> | undefined;
  const { address, namespace, task_queue, ui } = hone.temporal;

  const open = async () => {
    try {
      const options = await connectionOptions(hone.temporal);
      await knock(options);
      connection = await Connection.connect({ ...options, connectTimeout: CONNECT_WITHIN });
      return new Client({ connection, namespace });
    } catch (error) {
      client = undefined;
      logger?.debug({ address }, 'Temporal did not answer');
      throw failureOf(address, error);
    }
  };

  return {
    temporal: () => (client ??= open()),
    taskQueue: task_queue,
    address,
    uiUrl: (workflowId) => (ui ? `${ui}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}` : null),
    async describeRun(run) {
      const handle = (await this.temporal()).workflow.getHandle(run);
      try {
        const { name } = (await handle.describe()).status;
        return name === 'RUNNING' || name === 'PAUSED' ? 'open' : 'closed';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'missing';
        throw error;
      }
    },
    async close() {
      await connection?.close();
    },
  };
}

/** Unauthenticated and permission denied, as gRPC numbers them. */
const REFUSALS: readonly unknown[] = [16, 7];

function failureOf(address: string, error: unknown): Error {
  if (error instanceof HoneError) return error;
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (REFUSALS.includes((cause as { code?: unknown }).code)) return new TemporalRefused(address, cause);
  return new TemporalUnreachable(address, error);
}

export { WorkflowExecutionAlreadyStartedError };
