/** A pipeline behind a webhook: signed calls as Standard Webhooks says, answered at once or later by a callback. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { WebhookTarget } from '../config/sections/deploy.ts';
import { secretOf, signedHeaders } from '../triggers/signature.ts';
import { answerOf, requireDone } from './answers.ts';
import {
  CALL,
  type Change,
  capabilities,
  type DeploymentCall,
  type DeploymentTarget,
  type Taken,
  targetStatus,
} from './contract.ts';
import { TargetRefused, TargetUnreachable, TargetUnusable } from './errors.ts';

const TIMEOUT_MS = 10_000;
const LONGEST_ANSWER = 64 * 1024;

export interface Place {
  readonly model: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** @throws TargetUnusable */
export function webhookKey(target: WebhookTarget, { model, environment }: Place): Buffer {
  const secret = secretOf(variable(target.key_env, model, environment));
  if (typeof secret === 'string') throw new TargetUnusable(model, target.key_env, secret);
  return secret;
}

/** @throws TargetUnusable; (from the calls) TargetUnreachable, TargetRefused */
export function webhookTarget(target: WebhookTarget, place: Place): DeploymentTarget {
  const { model, environment } = place;
  const secret = webhookKey(target, place);
  const address = (name: string): string => {
    const text = variable(name, model, environment);
    if (!URL.canParse(text) || !/^https?:/.test(text))
      throw new TargetUnusable(model, name, 'is no address that begins with https:// or http://');
    return text;
  };
  const url = address(target.url_env);
  const readUrl = target.status_url_env === null ? url : address(target.status_url_env);
  const callback = `${address(target.callback_url_env).replace(/\/$/, '')}/v1/models/${model}/deployments`;
  const { github } = target;
  const token = github === null ? null : variable(github.token_env, model, environment);

  const post = async (to: string, call: DeploymentCall, wrapped: boolean): Promise<Response> => {
    const own = JSON.stringify(call);
    const body = wrapped && github ? JSON.stringify({ ref: github.ref, inputs: { call: own } }) : own;
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      ...signedHeaders(secret, idOf(call), new Date(), body),
      ...(wrapped && token ? { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json' } : {}),
    };
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const signal = place.signal ? AbortSignal.any([timeout, place.signal]) : timeout;
    const response = await fetch(to, { method: 'POST', headers, body, signal, redirect: 'error' }).catch(
      (error: unknown) => {
        place.signal?.throwIfAborted();
        throw new TargetUnreachable(model, call.call, sentenceOf(error));
      },
    );
    if (response.ok) return response;
    const said = (await textOf(response)).slice(0, 200);
    const problem = `HTTP ${response.status}${said ? `, ${said}` : ''}`;
    const later = response.status >= 500 || response.status === 408 || response.status === 429;
    throw later ? new TargetUnreachable(model, call.call, problem) : new TargetRefused(model, call.call, problem);
  };

  const read = async <S extends z.ZodType>(call: 'status' | 'capabilities', schema: S): Promise<z.output<S>> => {
    const response = await post(readUrl, { contract: CALL, call, model }, false);
    return answerOf(model, call, await textOf(response), schema);
  };

  const change = async (call: 'deploy' | 'rollback', { key, version, share }: Change): Promise<Taken> => {
    const response = await post(url, { contract: CALL, call, model, key, version, share, callback }, true);
    if (github !== null || response.status !== 200) {
      await response.body?.cancel();
      return 'under_way';
    }
    requireDone(model, call, { key, version }, await textOf(response));
    return 'done';
  };

  return {
    deploy: (order) => change('deploy', order),
    rollback: (order) => change('rollback', order),
    status: () => read('status', targetStatus),
    capabilities: () => read('capabilities', capabilities),
  };
}

/** The same for every try of one change. */
const idOf = ({ call, model, key }: DeploymentCall): string =>
  `msg_${createHash('sha256')
    .update(`${call}\n${model}\n${key ?? ''}`)
    .digest('hex')
    .slice(0, 32)}`;

function variable(name: string, model: string, environment: Place['environment']): string {
  const value = environment[name];
  if (!value) throw new TargetUnusable(model, name, 'is not set or empty');
  return value;
}

/** At most 64 KiB; what is longer is cut, and is then no answer. */
async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of response.body ?? []) {
      parts.push(part);
      length += part.byteLength;
      if (length > LONGEST_ANSWER) break;
    }
  } catch {
    return ''; // cut in the middle: no answer
  }
  return Buffer.concat(parts).toString('utf8');
}

function sentenceOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
