/** Requests at a fixed rate, whether or not answers come: latency counts from when a request was due, not from when it left. */
import { connect, type Socket } from 'node:net';

export interface Load {
  readonly url: string;
  readonly path: string;
  /** Body of request `i`; sent as it is. */
  readonly body: (i: number) => string;
  /** Infinite: the next one leaves as soon as a connection is free. */
  readonly perSecond: number;
  readonly requests: number;
  readonly connections: number;
}

export interface LoadResult {
  /** Milliseconds, ascending, one an answer. */
  readonly latency: Float64Array;
  /** Answers that were not 200. */
  readonly failed: number;
  /** From the first request to the last answer. */
  readonly seconds: number;
}

const TICK_MS = 1;

/** Plain sockets, one request at a time on each: the generator shares two processors with the server, so it must cost little. */
export async function openLoop({ url, path, body, perSecond, requests, connections }: Load): Promise<LoadResult> {
  const { hostname, port } = new URL(url);
  const latency: number[] = [];
  let [sent, failed] = [0, 0];
  const idle: Line[] = [];
  const due: number[] = [];
  const lines = await Promise.all(Array.from({ length: connections }, () => Line.open(hostname, Number(port))));
  idle.push(...lines);
  return await new Promise((resolve, reject) => {
    const started = performance.now();
    const send = (line: Line, at: number) => {
      const text = body(sent++);
      const head = `POST ${path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`;
      line.ask(head + text, (status) => {
        latency.push(performance.now() - started - at);
        if (status !== 200) failed += 1;
        const next = due.shift();
        if (next === undefined) idle.push(line);
        else send(line, next);
        if (latency.length === requests) finish();
      });
    };
    let asked = 0;
    const timer = setInterval(() => {
      const now = performance.now() - started;
      for (; asked < requests && (asked * 1000) / perSecond <= now; asked++) {
        const at = (asked * 1000) / perSecond;
        const line = idle.pop();
        if (line === undefined) due.push(at);
        else send(line, at);
      }
    }, TICK_MS);
    const finish = () => {
      clearInterval(timer);
      for (const line of lines) line.end();
      resolve({ latency: Float64Array.from(latency).sort(), failed, seconds: (performance.now() - started) / 1000 });
    };
    for (const line of lines) line.onError = reject;
  });
}

/** One kept-alive connection that has at most one request under way. */
class Line {
  onError: (error: Error) => void = () => {};
  readonly #socket: Socket;
  #text = '';
  #done: ((status: number) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => this.#take(data));
    socket.on('error', (error) => this.onError(error));
  }

  static open(host: string, port: number): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port }, () => resolve(new Line(socket)));
      socket.once('error', reject);
    });
  }

  ask(request: string, done: (status: number) => void): void {
    this.#done = done;
    this.#socket.write(request);
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(data: string): void {
    this.#text += data;
    const head = this.#text.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#text)?.[1] ?? 0);
    if (this.#text.length < head + 4 + length) return;
    const status = Number(this.#text.slice(9, 12));
    this.#text = '';
    this.#done?.(status);
  }
}
