/** A TCP-faithful HTTP proxy in front of an S3 server that goes wrong once, in a chosen way, for a chosen request. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

export type Fault =
  /** The server commits; its answer never arrives. */
  | 'drop-answer'
  /** The connection is reset after half of the body was passed on. */
  | 'tear-upload'
  /** One bit of the request's body is flipped on the way to the server. */
  | 'flip-upload'
  /** Nothing is ever answered. */
  | 'hang'
  /** A refused condition is answered as success, as by a server that does not know conditions (signed, so not removable). */
  | 'hide-refusal'
  | { readonly status: number; readonly code: string };

export interface Plan {
  readonly method: string;
  readonly fault: Fault;
  /** How many matching requests go wrong; then all is well. */
  times: number;
}

export interface FaultProxy {
  readonly endpoint: string;
  readonly seen: string[];
  plan(plan: Plan): void;
  close(): Promise<void>;
}

/** The Host header is passed on unchanged, so signatures stay valid. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const plans: Plan[] = [];
  const seen: string[] = [];
  const server = createServer((incoming, outgoing) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    const plan = plans.find((candidate) => candidate.times > 0 && candidate.method === incoming.method);
    if (plan) plan.times--;
    pass(target, incoming, outgoing, plan?.fault);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    seen,
    plan: (plan) => plans.push(plan),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function pass(target: string, incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault | undefined): void {
  if (fault === 'hang') return;
  if (typeof fault === 'object') {
    incoming.resume().on('end', () => {
      outgoing.writeHead(fault.status, { 'content-type': 'application/xml' });
      outgoing.end(`<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>planned</Message></Error>`);
    });
    return;
  }
  const { headers } = incoming;
  const onward = request(new URL(incoming.url ?? '/', target), { method: incoming.method, headers }, (answer) => {
    if (fault === 'drop-answer') {
      answer.resume().on('end', () => outgoing.destroy());
      return;
    }
    if (fault === 'hide-refusal' && answer.statusCode === 412) {
      answer.resume().on('end', () => outgoing.writeHead(200, { 'content-length': 0 }).end());
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => outgoing.destroy());
  if (fault !== 'tear-upload' && fault !== 'flip-upload') {
    incoming.pipe(onward);
    return;
  }
  let flipped = false;
  incoming.on('data', (chunk: Buffer) => {
    if (fault === 'tear-upload') {
      onward.write(chunk.subarray(0, chunk.length >> 1), () => {
        onward.destroy();
        incoming.destroy();
      });
      return;
    }
    const body = Buffer.from(chunk);
    if (!flipped && body.length > 0) body[0] = (body[0] ?? 0) ^ 1;
    flipped = true;
    onward.write(body);
  });
  incoming.on('end', () => onward.end());
}
