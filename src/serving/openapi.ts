/** The published contract: JSON Schemas made from the zod contracts. Made when somebody asks for it. */
import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import { answerTaken, deploymentAnswer } from '../deployment/contract.ts';
import { cloudEvent } from '../triggers/cloud-event.ts';
import {
  businessRequest,
  errorResponse,
  eventAnswer,
  labelsRequest,
  nodeRecord,
  predictRequest,
  predictResponse,
  recorded,
  stagedFaultRequest,
} from './contract.ts';
import {
  inferError,
  inferRequest,
  inferResponse,
  modelMetadata,
  modelReady,
  serverMetadata,
} from './open-inference-contract.ts';

const json = (schema: z.ZodType) => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
};
/** What Fastify's schemas are, with what the published contract adds. */
type Published = FastifySchema & {
  readonly summary: string;
  readonly produces?: string[];
  readonly consumes?: string[];
};

const refusal = json(errorResponse);
const params = { type: 'object', properties: { model: { type: 'string' } }, required: ['model'] };
const model = (summary: string, body: z.ZodType, response: z.ZodType): Published => ({
  summary,
  params,
  body: json(body),
  response: { 200: json(response), '4xx': refusal, '5xx': refusal },
});
const state = (summary: string, response: z.ZodType): Published => ({ summary, response: { 200: json(response) } });

export type Route =
  | 'v2Server'
  | 'v2Model'
  | 'v2ModelReady'
  | 'v2Infer'
  | 'predict'
  | 'labels'
  | 'business'
  | 'events'
  | 'deployments'
  | 'live'
  | 'ready'
  | 'node'
  | 'metrics'
  | 'flush'
  | 'staged';

/** What a route adds for the published contract; nothing where the app only serves. */
export type Describe = (route: Route) => { readonly schema?: FastifySchema };

export const schemas: Readonly<Record<Route, Published>> = {
  predict: model('Ask for predictions', predictRequest, predictResponse),
  labels: model('Report labels', labelsRequest, recorded),
  business: model('Report business figures', businessRequest, recorded),
  events: {
    ...model('Ask for a run by a signed CloudEvent', cloudEvent, eventAnswer),
    consumes: ['application/cloudevents+json', 'application/json'],
    response: { 200: json(eventAnswer), 202: json(eventAnswer), '4xx': refusal, '5xx': refusal },
  },
  deployments: model("Answer a call to the model's deployment pipeline", deploymentAnswer, answerTaken),
  v2Server: state('Open Inference: the server', serverMetadata),
  v2Model: { ...state('Open Inference: tensors of a model', modelMetadata), params },
  v2ModelReady: { ...state('Open Inference: the model answers; 503 otherwise', modelReady), params },
  v2Infer: {
    ...model('Open Inference: ask for predictions', inferRequest, inferResponse),
    response: { 200: json(inferResponse), '4xx': json(inferError), '5xx': json(inferError) },
  },
  live: state('The process answers', z.object({ live: z.literal(true) })),
  ready: state('The node reached the routing of the ledger; 503 otherwise', z.object({ ready: z.boolean() })),
  node: state('What this node serves, with its evidence', nodeRecord),
  metrics: { summary: 'Prometheus metrics', produces: ['text/plain'] },
  flush: state('Write the prediction log out; answers when it is durable', z.object({ written: z.number().int() })),
  staged: {
    summary: 'Make a version misbehave on purpose',
    body: json(stagedFaultRequest),
    response: { 200: json(z.object({ staged: z.boolean() })) },
  },
};
