/** TCP ports of this machine: a free one, and whether somebody listens. */
import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';

/**
 * Below the ports that systems hand out by themselves (32768 and up on Linux, 49152 elsewhere): one of those may be
 * taken by any outgoing connection, or by an inner port of the Temporal dev server, before it is used.
 */
const LOWEST = 12_000;
const HIGHEST = 32_000;
const ATTEMPTS = 100;

/** Nobody listened on it a moment ago. @throws Error where no port of the range can be listened on */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await canListen(host, port)) return port;
  }
  throw new Error(`no free port on ${host} between ${LOWEST} and ${HIGHEST}`);
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, host, () => server.close(() => done(true)));
  });
}

export function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host, port, timeout: 1000 });
    const end = (answer: boolean) => {
      socket.destroy();
      done(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
