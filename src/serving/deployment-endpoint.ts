/** `POST …/deployments`: a pipeline's signed answer to a call, kept once, and told to the workflow that waits for it. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WebhookTarget } from '../config/sections/deploy.ts';
import { configSnapshotSchema } from '../config/snapshot.ts';
import { type AnswerTaken, type DeploymentAnswer, deploymentAnswer, outsideTarget } from '../deployment/contract.ts';
import {
  DeploymentAnswered,
  DeploymentAnswerRefused,
  DeploymentAnswersClosed,
  DeploymentTooLate,
  DeploymentUnknown,
  DeploymentVersionWrong,
} from '../deployment/errors.ts';
import { findRequest, isClosed, rememberAnswer } from '../deployment/requests.ts';
import { openLedger } from '../registry/ledger.ts';
import { canonicalJson, getByDigest } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { secretOf, signerOf } from '../triggers/signature.ts';
import type { Describe } from './openapi.ts';

/** What the program puts in: where keys are found, and the way to the workflow, of which serving itself knows nothing. */
export interface DeploymentDoor {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Nothing where the workflow is over. */
  tell(workflow: string, key: string): Promise<void>;
}

const MAX_ANSWER_BYTES = 16 * 1024;

/** The body is read as bytes here: a signature covers what was sent, not what it means. */
export function deploymentRoute(
  app: FastifyInstance,
  parts: {
    readonly describe: Describe;
    readonly store: ObjectStore;
    readonly door: DeploymentDoor | undefined;
    readonly modelOf: (request: FastifyRequest) => string;
  },
): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post(
      '/v1/models/:model/deployments',
      { ...parts.describe('deployments'), bodyLimit: MAX_ANSWER_BYTES, config: { access: 'signed' } },
      async (request): Promise<AnswerTaken> => {
        const model = parts.modelOf(request);
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        if (!parts.door) throw new DeploymentAnswersClosed('no model of this server deploys through a webhook');
        return await take(parts.store, parts.door, model, request.headers, body);
      },
    );
  });
}

/** Checked, kept, told; in this order, so that the same answer sent again does what an interrupted one did not. */
async function take(
  store: ObjectStore,
  door: DeploymentDoor,
  model: string,
  headers: FastifyRequest['headers'],
  body: Buffer,
): Promise<AnswerTaken> {
  const { state, target } = await targetOf(store, model);
  const by = 'pipeline';
  signerOf([{ by, secret: keyOf(target, door) }], headers, body, Date.now());
  const answer = readAnswer(body);
  const request = await findRequest(store, model, answer.key);
  if (!request) throw new DeploymentUnknown(model, answer.key);
  if (answer.version !== request.version) throw new DeploymentVersionWrong(answer.key, request.version, answer.version);
  const wanted = state.aliases.champion?.version ?? null;
  if (await isClosed(store, model, answer.key)) throw new DeploymentTooLate(answer.key, wanted);
  const { first, stands } = await rememberAnswer(store, model, answer, new Date().toISOString());
  if (canonicalJson(stands) !== canonicalJson(answer)) throw new DeploymentAnswered(answer.key, stands.outcome);
  await door.tell(request.workflow, answer.key);
  return { answer: first ? 'accepted' : 'repeated', wanted };
}

async function targetOf(store: ObjectStore, model: string) {
  const state = await openLedger(store, model).state();
  if (state.config === null) throw new DeploymentAnswersClosed(`${model} has no configuration in the ledger`);
  const config = (await getByDigest(store, 'configs', state.config, configSnapshotSchema)).model;
  const target = outsideTarget(config.deploy.target);
  if (target?.kind !== 'webhook') throw new DeploymentAnswersClosed(`${model} does not deploy through a webhook`);
  return { state, target };
}

function keyOf(target: WebhookTarget, { environment }: DeploymentDoor): Buffer {
  const text = environment[target.key_env];
  if (!text) throw new DeploymentAnswersClosed(`this server has no variable ${target.key_env} to check it with`);
  const secret = secretOf(text);
  if (typeof secret === 'string') throw new DeploymentAnswersClosed(`${target.key_env} of this server ${secret}`);
  return secret;
}

function readAnswer(body: Buffer): DeploymentAnswer {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw new DeploymentAnswerRefused('it is no JSON');
  }
  const parsed = deploymentAnswer.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new DeploymentAnswerRefused(issue?.message ?? 'it is no answer', issue?.path.join('.') || undefined);
}
