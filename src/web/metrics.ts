/** `GET /metrics` of the pages' server, for Prometheus: what no worker can tell, because it may be the one that is missing. */
import type { FastifyInstance } from 'fastify';
import { Gauge, Registry } from 'prom-client';
import { workNow } from './reads/work.ts';
import type { Sources } from './sources.ts';

export function metricsRoute(app: FastifyInstance, sources: Sources): void {
  const registry = new Registry();
  const registers = [registry];
  const reached = new Gauge({ name: 'hone_temporal_reachable', help: '1 where Temporal answers', registers });
  const pollers = new Gauge({
    name: 'hone_task_queue_pollers',
    help: 'Workers that asked for work within five minutes; 0: nothing of hone goes on there',
    labelNames: ['queue', 'kind'],
    registers,
  });
  const late = new Gauge({
    name: 'hone_regular_work_late',
    help: 'How many of monitoring, reconcile and notify did not come to an end for three intervals',
    labelNames: ['type'], // no names of models: this page asks nobody who they are
    registers,
  });
  app.get('/metrics', async (_request, reply) => {
    const known = await workNow(sources);
    const now = known !== null && known.away === null;
    reached.set(Number(now));
    pollers.reset();
    late.reset();
    // Nothing rather than what was: an alert on absence says that nobody knows.
    if (now) {
      for (const { queue, kind, pollers: count } of known.value.queues) pollers.set({ queue, kind }, count);
      for (const one of known.value.regular) late.inc({ type: one.type }, Number(one.late));
    }
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}
