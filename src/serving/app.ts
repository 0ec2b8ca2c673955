/** The HTTP face of a serving node: addresses, limits, typed refusals. What they mean is documented in docs/contracts/prediction-api.md. */
import fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { LogWriter } from '../monitoring/log/log-writer.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { MAX_BODY_BYTES, type NodeRecord, stagedFaultRequest } from './contract.ts';
import { type DeploymentDoor, deploymentRoute } from './deployment-endpoint.ts';
import { type Door, guardRoutes } from './door.ts';
import { ModelNotServed, NodeDraining, PredictionFailed } from './errors.ts';
import { type EventDoor, eventRoute } from './event-endpoint.ts';
import type { ServingMetrics } from './metrics.ts';
import type { ModelService } from './model-service.ts';
import { inferenceRoutes } from './open-inference-routes.ts';
import type { Describe } from './openapi.ts';
import { parseBody, type Recorder } from './record-endpoints.ts';
import { isBeforeFirst, refuse, refuseAddress } from './refusals.ts';
import { rowsOfBody } from './request-rows.ts';
import type { ServiceHealth } from './service-health.ts';
import type { StagedFaults } from './staged-faults.ts';

/** A champion that takes longer than this answers 503; nobody waits for ever. */
const PREDICT_DEADLINE_MS = 10_000;

export interface NodeParts {
  readonly services: ReadonlyMap<string, ModelService>;
  readonly log: LogWriter;
  readonly recorder: Recorder;
  readonly store: ObjectStore;
  /** Left out: no events are taken. */
  readonly events: EventDoor | undefined;
  /** Left out: no pipeline answers here. */
  readonly deployments: DeploymentDoor | undefined;
  readonly metrics: ServingMetrics;
  readonly health: ServiceHealth;
  /** Left out: nobody needs a token. */
  readonly door: Door | undefined;
  readonly staged: StagedFaults | undefined;
  readonly logger: Logger;
  readonly record: () => NodeRecord;
  /** Reached the routing that the ledger wanted at the start, and is not closing. */
  readonly ready: () => boolean;
  readonly draining: () => boolean;
}

const caller = { config: { access: 'caller' } } as const;
const open = { config: { access: 'open' } } as const;

type ModelRequest = FastifyRequest<{ Params: { model: string } }>;

export function buildApp(parts: NodeParts): FastifyInstance {
  const app = bareApp();
  app.setErrorHandler((error: FastifyError, request, reply) => refuse(error, request, reply, parts.logger));
  app.setNotFoundHandler(refuseAddress);
  guardRoutes(app, parts.door);
  // Hooks with `done`: an `async` one costs a promise a request.
  app.addHook('onRequest', (request, _reply, done) => {
    done(parts.draining() && request.method === 'POST' ? new NodeDraining() : undefined);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    parts.metrics.request(route, reply.statusCode, reply.elapsedTime / 1000);
    // An event waits for its answer: its time is not that of a prediction.
    if (request.method === 'POST' && route.includes('/:model/') && !route.endsWith('/events'))
      parts.health.request(isBeforeFirst(reply) ? 'early' : reply.statusCode, reply.elapsedTime);
    done();
  });
  routes(app, parts, () => ({}));
  let document: Promise<object> | undefined;
  app.get('/openapi.json', open, async () => {
    document ??= openApiDocument(parts);
    return document;
  });
  return app;
}

const neverCompiled = (): never => {
  throw new Error('no schema is compiled: bodies are checked in the handlers, which name the field that is wrong');
};
/** Without it Fastify loads two compilers of schemas at its start. */
const compilersFactory = { buildValidator: neverCompiled, buildSerializer: neverCompiled };

function bareApp(): FastifyInstance {
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 100 },
    logger: false,
    schemaController: { compilersFactory },
  });
  app.removeContentTypeParser('text/plain');
  return app;
}

function routes(app: FastifyInstance, parts: NodeParts, describe: Describe): void {
  predictionRoutes(app, parts, describe);
  inferenceRoutes(app, { ...parts, describe, predict: (service, rows) => inTime(service, service.predict(rows)) });
  stateRoutes(app, parts, describe);
  if (parts.staged) stagedRoute(app, parts, parts.staged, describe);
}

/** From the same routes, in an app that never listens: what it needs is a quarter of a server's start. */
async function openApiDocument(parts: NodeParts): Promise<object> {
  const [{ default: swagger }, { schemas }] = await Promise.all([import('@fastify/swagger'), import('./openapi.ts')]);
  const app = bareApp();
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  await app.register(swagger, {
    openapi: {
      info: { title: 'hone predictions', version: '1' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      ...(parts.door && { security: [{ token: [] }] }),
    },
  });
  routes(app, parts, (route) => ({ schema: schemas[route] }));
  await app.ready();
  return app.swagger();
}

function predictionRoutes(
  app: FastifyInstance,
  { services, recorder, store, events, deployments }: NodeParts,
  describe: Describe,
): void {
  const serviceOf = (request: FastifyRequest) => {
    const { model } = (request as ModelRequest).params;
    const service = services.get(model);
    if (!service) throw new ModelNotServed(model, [...services.keys()]);
    return service;
  };
  app.post('/v1/models/:model/predict', { ...describe('predict'), ...caller }, async (request) => {
    const service = serviceOf(request);
    const rows = rowsOfBody(request.body);
    return { predictions: await inTime(service, service.predict(rows)) };
  });
  app.post('/v1/models/:model/labels', { ...describe('labels'), ...caller }, async (request) => {
    return { recorded: await recorder.labels(serviceOf(request), request.body) };
  });
  app.post('/v1/models/:model/business', { ...describe('business'), ...caller }, async (request) => {
    return { recorded: await recorder.business(serviceOf(request), request.body) };
  });
  eventRoute(app, { describe, store, door: events, modelOf: (request) => serviceOf(request).model });
  deploymentRoute(app, { describe, store, door: deployments, modelOf: (request) => serviceOf(request).model });
}

function stateRoutes(app: FastifyInstance, { log, metrics, record, ready }: NodeParts, describe: Describe): void {
  app.get('/live', { ...describe('live'), ...open }, async () => ({ live: true }));
  app.get('/ready', { ...describe('ready'), ...open }, async (_request, reply) => {
    const state = { ready: ready() };
    if (!state.ready) reply.code(503).header('retry-after', '1');
    return state;
  });
  app.get('/v1/node', { ...describe('node') }, async () => record());
  app.get('/metrics', { ...describe('metrics') }, async (_request, reply) => {
    const { type, body } = await metrics.text();
    return reply.type(type).serializer(String).send(body);
  });
  app.post('/v1/flush', { ...describe('flush') }, async () => {
    const before = log.counts.written;
    await log.flush();
    return { written: log.counts.written - before };
  });
}

function stagedRoute(
  app: FastifyInstance,
  { services, logger }: NodeParts,
  staged: StagedFaults,
  describe: Describe,
): void {
  app.post('/v1/staged-faults', { ...describe('staged') }, async (request) => {
    const order = parseBody(stagedFaultRequest, request.body);
    if (!services.has(order.model)) throw new ModelNotServed(order.model, [...services.keys()]);
    staged.set(order.model, order.version, order.fault, order.share);
    logger.warn({ ...order, staged: true }, 'a version misbehaves on purpose');
    return { staged: order.share > 0 };
  });
}

/** Written out, not with `Promise.race`, which keeps three promises more for each request. */
function inTime<T>(service: ModelService, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const version = service.status().champion ?? 0;
      reject(new PredictionFailed(service.model, version, `no answer within ${PREDICT_DEADLINE_MS / 1000} s`));
    }, PREDICT_DEADLINE_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
