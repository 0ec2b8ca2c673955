/** The addresses of the Open Inference protocol, beside hone's own: the same models, limits, log and refusals. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Prediction, RawRow } from './contract.ts';
import { ModelNotServed } from './errors.ts';
import type { ModelService } from './model-service.ts';
import { answerTensors, askedRows, tensorRefusal } from './open-inference.ts';
import { inferRequest } from './open-inference-contract.ts';
import type { Describe } from './openapi.ts';
import { parseBody } from './record-endpoints.ts';

interface Parts {
  readonly describe: Describe;
  readonly services: ReadonlyMap<string, ModelService>;
  readonly ready: () => boolean;
  readonly predict: (service: ModelService, rows: readonly RawRow[]) => Promise<Prediction[]>;
}

export function inferenceRoutes(app: FastifyInstance, { services, ready, predict, describe }: Parts): void {
  const serviceOf = (request: FastifyRequest) => {
    const { model } = request.params as { model: string };
    const service = services.get(model);
    if (!service) throw new ModelNotServed(model, [...services.keys()]);
    return service;
  };
  const state = <T extends { ready: boolean }>(reply: FastifyReply, answer: T): T => {
    if (!answer.ready) reply.code(503).header('retry-after', '1');
    return answer;
  };
  const open = { config: { access: 'open' } } as const;
  const caller = { config: { access: 'caller' } } as const;
  app.get('/v2', { ...describe('v2Server'), ...open }, async () => ({ name: 'hone', version: '1', extensions: [] }));
  app.get('/v2/health/live', { ...describe('live'), ...open }, async () => ({ live: true }));
  app.get('/v2/health/ready', { ...describe('ready'), ...open }, async (_request, reply) =>
    state(reply, { ready: ready() }),
  );
  app.get('/v2/models/:model/ready', { ...describe('v2ModelReady'), ...caller }, async (request, reply) => {
    const service = serviceOf(request);
    return state(reply, { name: service.model, ready: service.answering });
  });
  app.get('/v2/models/:model', { ...describe('v2Model'), ...caller }, async (request) => {
    const service = serviceOf(request);
    return { name: service.model, platform: 'onnxruntime_onnx', ...service.tensors() };
  });
  app.post('/v2/models/:model/infer', { ...describe('v2Infer'), ...caller }, async (request) => {
    const service = serviceOf(request);
    const body = parseBody(inferRequest, request.body);
    const { id, rows, wanted } = askedRows(body);
    const predictions = await predict(service, rows).catch((error: unknown) => {
      throw tensorRefusal(error, body.inputs);
    });
    const versions = new Set(predictions.map(({ version }) => version));
    return {
      model_name: service.model,
      ...(versions.size === 1 && { model_version: String(predictions[0]?.version) }),
      ...(id !== undefined && { id }),
      outputs: answerTensors(predictions, wanted),
    };
  });
}
