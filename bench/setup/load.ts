/** Load on a server, from a process of its own: at a fixed rate, or as much as the connections take. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Job {
  /** Part of every id that is sent: two jobs never send the same. */
  readonly name: string;
  readonly url: string;
  readonly path: string;
  /** Rows as JSON without their opening bracket; one a request, in turn. */
  readonly rows: readonly string[];
  /** Null: the next request of a connection leaves when the last was answered. */
  readonly perSecond: number | null;
  readonly connections: number;
  readonly seconds: number;
}

export interface Measured {
  readonly answered: number;
  /** Answers that were not 200, and none. */
  readonly failed: number;
  readonly seconds: number;
  /** Milliseconds at 50, 90, 99, 99.9 and 100 %, from when a request was due; empty without a rate. */
  readonly latency: readonly number[];
}

const PROGRAM = fileURLToPath(new URL('./load-process.ts', import.meta.url));

export async function load(job: Job): Promise<Measured> {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), PROGRAM], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(job));
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the load generator ended with ${code}`);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Measured;
}
