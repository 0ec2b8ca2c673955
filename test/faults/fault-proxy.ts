/** An HTTP proxy in front of an S3 server, a prediction server or a webhook that goes wrong in a chosen way for chosen requests. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { Transform } from 'node:stream';

export type Fault =
  /** The server commits; its answer never arrives. */
  | 'drop-answer'
  /** The connection is reset after half of the body was passed on. */
  | 'tear-upload'
  /** One bit of the request's body is flipped on the way to the server. */
  | 'flip-upload'
  /** The head of the answer says how long it is; the connection ends after half of it. */
  | 'cut-answer'
  /** One bit of the answer's body is flipped on the way back. */
  | 'flip-answer'
  /** Sent on twice, one after the other, as by a network that repeats; the second answer is passed back. */
  | 'duplicate'
  /** Nothing is ever answered. */
  | 'hang'
  /** A refused condition is answered as success, as by a server that does not know conditions (signed, so not removable). */
  | 'hide-refusal'
  | { readonly status: number; readonly code: string }
  | { readonly delayMs: number }
  /** The answer trickles. */
  | { readonly bytesPerSecond: number }
  /** Told before the server has seen the request, or after it has committed; nothing is answered. */
  | { readonly reached: () => void; readonly when: 'before' | 'after' };

export interface Plan {
  readonly method: string;
  /** Of the path; every one where it is left out. */
  readonly match?: RegExp;
  readonly fault: Fault;
  /** How many matching requests go wrong; then all is well. */
  times: number;
}

export interface FaultProxy {
  readonly endpoint: string;
  readonly seen: string[];
  plan(plan: Plan): void;
  /** Asked for each request for which nothing is planned: a storm of faults, drawn by the caller. */
  whenever(choose: ((method: string, path: string) => Fault | undefined) | null): void;
  close(): Promise<void>;
}

/** The Host header is passed on unchanged, so signatures stay valid. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const plans: Plan[] = [];
  const seen: string[] = [];
  let chosen: ((method: string, path: string) => Fault | undefined) | null = null;
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '' } = incoming;
    seen.push(`${method} ${url}`);
    const plan = plans.find((one) => one.times > 0 && one.method === method && (one.match?.test(url) ?? true));
    if (plan) plan.times--;
    incoming.on('error', () => undefined);
    void pass(target, incoming, outgoing, plan ? plan.fault : chosen?.(method, url));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    seen,
    plan: (plan) => plans.push(plan),
    whenever: (choose) => {
      chosen = choose;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function pass(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  if (fault === 'hang') return;
  if (typeof fault === 'object' && 'reached' in fault && fault.when === 'before') return fault.reached();
  if (typeof fault === 'object' && 'delayMs' in fault) await new Promise((done) => setTimeout(done, fault.delayMs));
  if (typeof fault === 'object' && 'status' in fault) {
    incoming.resume().on('end', () => {
      outgoing.writeHead(fault.status, { 'content-type': 'application/xml' });
      outgoing.end(`<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>planned</Message></Error>`);
    });
    return;
  }
  if (fault === 'duplicate') {
    const body = Buffer.concat(await incoming.toArray());
    const first = onwards(target, incoming, outgoing, (answer) => {
      answer.resume().on('end', () => {
        onwards(target, incoming, outgoing, (second) => passBack(second, outgoing, undefined)).end(body);
      });
    });
    first.end(body);
    return;
  }
  const onward = onwards(target, incoming, outgoing, (answer) => passBack(answer, outgoing, fault));
  if (fault === 'tear-upload') {
    incoming.on('data', (chunk: Buffer) => {
      onward.write(chunk.subarray(0, chunk.length >> 1), () => {
        onward.destroy();
        incoming.destroy();
      });
    });
    return;
  }
  if (fault === 'flip-upload') incoming.pipe(flipOnce()).pipe(onward);
  else incoming.pipe(onward);
}

function onwards(
  target: string,
  { method, url, headers }: IncomingMessage,
  outgoing: ServerResponse,
  answered: (answer: IncomingMessage) => void,
) {
  const onward = request(new URL(url ?? '/', target), { method, headers }, answered);
  onward.on('error', () => outgoing.destroy());
  return onward;
}

function passBack(answer: IncomingMessage, outgoing: ServerResponse, fault: Fault | undefined): void {
  if (fault === 'drop-answer') {
    answer.resume().on('end', () => outgoing.destroy());
    return;
  }
  if (typeof fault === 'object' && 'reached' in fault) {
    answer.resume().on('end', fault.reached);
    return;
  }
  if (fault === 'hide-refusal' && answer.statusCode === 412) {
    answer.resume().on('end', () => outgoing.writeHead(200, { 'content-length': 0 }).end());
    return;
  }
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  if (fault === 'cut-answer') {
    answer.once('data', (chunk: Buffer) =>
      outgoing.write(chunk.subarray(0, chunk.length >> 1), () => outgoing.destroy()),
    );
    answer.once('end', () => outgoing.destroy());
  } else if (fault === 'flip-answer') answer.pipe(flipOnce()).pipe(outgoing);
  else if (typeof fault === 'object' && 'bytesPerSecond' in fault)
    answer.pipe(trickle(fault.bytesPerSecond)).pipe(outgoing);
  else answer.pipe(outgoing);
}

function flipOnce(): Transform {
  let flipped = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const body = Buffer.from(chunk);
      if (!flipped && body.length > 0) body[0] = (body[0] ?? 0) ^ 1;
      flipped = true;
      done(null, body);
    },
  });
}

/** Ten pieces a second. */
function trickle(bytesPerSecond: number): Transform {
  const size = Math.max(1, Math.round(bytesPerSecond / 10));
  return new Transform({
    async transform(chunk: Buffer, _encoding, done) {
      for (let at = 0; at < chunk.length; at += size) {
        this.push(chunk.subarray(at, at + size));
        await new Promise((next) => setTimeout(next, 100));
      }
      done();
    },
  });
}
