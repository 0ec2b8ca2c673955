/** A real pipeline over HTTP: checks signatures with the published library, serves a version, answers well or badly. */
import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
export const OTHER_SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

/** How a change is answered. `dropped`: made, and the connection is cut before anything is said. */
export type Manner =
  | 'at_once'
  | 'callback'
  | 'twice'
  | 'wrong_version_first'
  | 'failed'
  | 'never'
  | 'silent'
  | 'dropped'
  | 'wrong_bytes'
  | 'refused';

export interface Call {
  readonly call: string;
  readonly model: string;
  readonly key?: string;
  readonly version?: number | null;
  readonly share?: number;
  readonly callback?: string;
}

export interface Pipeline {
  readonly url: string;
  readonly calls: Call[];
  /** What callbacks were answered: status, then code or answer. */
  readonly told: string[];
  readonly serving: { version: number | null; share: number; healthy: boolean; problem?: string };
  /** Manners of the next changes, in order; `callback` when none is left. */
  readonly next: Manner[];
  split: boolean;
  /** It can serve no version again. */
  withdraw: boolean;
  /** Changes that were really made: one for each key. */
  readonly made: Map<string, Call>;
  answer(call: Call, more?: Record<string, unknown>, secret?: string): Promise<string>;
  close(): Promise<void>;
}

export async function startPipeline(options: { delayMs?: number } = {}): Promise<Pipeline> {
  const delayMs = options.delayMs ?? 30;
  const timers = new Set<NodeJS.Timeout>();
  const later = (ms: number, work: () => Promise<unknown>) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work().catch(() => undefined);
    }, ms);
    timers.add(timer);
  };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString('utf8');
      try {
        new Webhook(SECRET).verify(body, request.headers as Record<string, string>);
      } catch {
        return void response.writeHead(401).end('wrong signature');
      }
      const sent = JSON.parse(body) as Call & { inputs?: { call: string } };
      const call = sent.inputs ? (JSON.parse(sent.inputs.call) as Call) : sent;
      pipeline.calls.push(call);
      if (call.call === 'capabilities') return json(response, { split: pipeline.split, withdraw: pipeline.withdraw });
      if (call.call === 'status') return json(response, pipeline.serving);
      change(call, response, request.headers.authorization);
    });
  });

  const make = (call: Call) => {
    if (call.key === undefined || pipeline.made.has(call.key)) return;
    pipeline.made.set(call.key, call);
    Object.assign(pipeline.serving, { version: call.version, share: call.share });
  };
  const change = (call: Call, response: ServerResponse, token: string | undefined) => {
    const manner = pipeline.next.shift() ?? 'callback';
    if (manner === 'refused') return void response.writeHead(422).end('not on Fridays');
    if (manner === 'wrong_bytes') return void response.writeHead(200).end('<html>Welcome to nginx</html>');
    if (manner === 'at_once') {
      make(call);
      return json(response, answerTo(call));
    }
    if (manner === 'dropped') {
      make(call);
      return void response.socket?.destroy();
    }
    response.writeHead(token ? 204 : 202).end();
    if (manner === 'never') return;
    later(delayMs, async () => {
      if (manner === 'failed') return await pipeline.answer(call, { outcome: 'failed', reason: 'the cluster is full' });
      make(call);
      if (manner === 'silent') return;
      if (manner === 'wrong_version_first') await pipeline.answer(call, { version: (call.version ?? 0) + 1 });
      await pipeline.answer(call);
      if (manner === 'twice') await pipeline.answer(call);
    });
  };

  const pipeline: Pipeline = {
    url: '',
    calls: [],
    told: [],
    serving: { version: null, share: 0, healthy: true },
    next: [],
    split: false,
    withdraw: false,
    made: new Map(),
    async answer(call, more = {}, secret = SECRET) {
      const body = JSON.stringify({ ...answerTo(call), ...more });
      const [id, at] = [`msg_${randomUUID()}`, new Date()];
      const response = await fetch(call.callback ?? '', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': new Webhook(secret).sign(id, at, body),
        },
        body,
      });
      const said = (await response.json()) as { answer?: string; error?: { code: string } };
      const told = `${response.status} ${said.answer ?? said.error?.code}`;
      pipeline.told.push(told);
      return told;
    },
    async close() {
      for (const timer of timers) clearTimeout(timer);
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return Object.assign(pipeline, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hone` });
}

const answerTo = ({ key, version }: Call) => ({
  contract: 'hone/deployment-answer/1',
  key,
  version,
  outcome: 'done',
});

const json = (response: ServerResponse, body: unknown) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
