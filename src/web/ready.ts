/** `GET /ready` of the pages, for a balancer: whether the store answers. Without Temporal they show what was last known. */
import type { FastifyInstance } from 'fastify';
import type { Sources } from './sources.ts';

/** No model has this name: asking for it costs one small read. */
const PROBE = 'self-test/pages-ready';

export function readyRoute(app: FastifyInstance, { store, shared, lastKnown }: Sources): void {
  app.get('/ready', async (_request, reply) => {
    const known = await lastKnown.read('the store', 'ready', () => shared('ready', () => store.find(PROBE)));
    const ready = known !== null && known.away === null;
    return reply.status(ready ? 200 : 503).send(ready ? { ready } : { ready, reason: 'the store does not answer' });
  });
}
