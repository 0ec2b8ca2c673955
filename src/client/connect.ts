/** The one way to Temporal for everything outside workflows. Connects lazily, so that commands that need none work without. */
import { connect } from 'node:net';
import { Client, Connection, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { HoneConfig } from '../config/hone.ts';
import type { Logger } from '../telemetry/logger.ts';
import { TemporalUnreachable } from './errors.ts';

const CONNECT_WITHIN = '5 seconds';

export interface HoneClient {
  /** @throws TemporalUnreachable naming the address */
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
      await knock(address);
      connection = await Connection.connect({ address, connectTimeout: CONNECT_WITHIN });
      return new Client({ connection, namespace });
    } catch (error) {
      client = undefined;
      logger?.debug({ address }, 'Temporal did not answer');
      throw new TemporalUnreachable(address, error);
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

/** A port that refuses is told at once: gRPC would try it again until its time is up. Any other trouble is left to it. */
function knock(address: string): Promise<void> {
  const [, host = '', port = ''] = /^(?:dns:\/*)?\[?([^/]*?)\]?:(\d+)$/.exec(address) ?? [];
  if (host === '') return Promise.resolve();
  return new Promise((pass, refuse) => {
    const socket = connect({ host, port: Number(port), timeout: 1000 });
    const done = (error?: NodeJS.ErrnoException) => {
      socket.destroy();
      if (error?.code === 'ECONNREFUSED') refuse(error);
      else pass();
    };
    socket.once('connect', () => done());
    socket.once('timeout', () => done());
    socket.once('error', done);
  });
}

export { WorkflowExecutionAlreadyStartedError };
