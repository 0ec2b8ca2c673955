/** Tells an open page that it has changed: by server-sent events, or when asked. The page itself is then loaded as usual. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Pages } from './app.ts';
import { PageRefused } from './errors.ts';
import { ownPath } from './sign-in.ts';

const LOOK_EVERY_MS = 2000;
const MOST_STREAMS = 100;

type Asked = FastifyRequest<{ Querystring: { path?: string } }>;

export function liveRoutes(app: FastifyInstance, _pages: Pages): void {
  let streams = 0;
  /** As the same person would see the page now. */
  const seen = async (request: Asked): Promise<string> => {
    if (request.session === null) throw new PageRefused(401, 'You are not signed in.');
    const url = ownPath(request.query.path);
    if (url.startsWith('/changes')) throw new PageRefused(404, 'There is no page at this address.');
    const { cookie = '', host = '' } = request.headers;
    const { headers } = await app.inject({ method: 'GET', url, headers: { cookie, host, 'x-only-digest': '1' } });
    return String(headers['x-page'] ?? '');
  };
  app.get('/changes/digest', async (request: Asked, reply) =>
    reply.header('cache-control', 'no-store').send({ page: await seen(request) }),
  );
  app.get('/changes', async (request: Asked, reply) => {
    let last = await seen(request);
    if (streams >= MOST_STREAMS) throw new PageRefused(503, 'Too many pages are open; this one asks now and then.');
    streams += 1;
    reply.hijack();
    const { raw } = reply;
    const gone = new AbortController();
    raw.once('close', () => gone.abort());
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    try {
      raw.write(`data: ${last}\n\n`);
      while (!gone.signal.aborted) {
        await sleep(LOOK_EVERY_MS, undefined, { signal: gone.signal });
        const now = await seen(request);
        raw.write(now === last ? ':\n\n' : `data: ${now}\n\n`);
        last = now;
      }
    } catch {
      // The reader went away, or the session ended: the page asks again by itself.
    } finally {
      streams -= 1;
      raw.end();
    }
  });
}
