/** What was asked of a pipeline and what came back, by key: each written once, so that nothing is answered twice. */
import type { z } from 'zod';
import { findDocument, sha256Of } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import {
  type DeploymentAnswer,
  type DeploymentRequest,
  deploymentClosed,
  deploymentHeard,
  deploymentRequest,
} from './contract.ts';

type Part = 'request' | 'answer' | 'closed';

const keyOf = (model: string, key: string, part: Part): string =>
  `models/${model}/deployments/${sha256Of(Buffer.from(key)).slice(0, 32)}/${part}.json`;

/** Before the call is sent: an answer may be faster than the next line. */
export async function rememberRequest(store: ObjectStore, model: string, request: DeploymentRequest): Promise<void> {
  await store.create(keyOf(model, request.key, 'request'), bytes(deploymentRequest, request));
}

export const findRequest = (store: ObjectStore, model: string, key: string): Promise<DeploymentRequest | undefined> =>
  findDocument(store, keyOf(model, key, 'request'), deploymentRequest);

/** @returns the answer that stands: this one, or an earlier one */
export async function rememberAnswer(
  store: ObjectStore,
  model: string,
  answer: DeploymentAnswer,
  at: string,
): Promise<{ readonly first: boolean; readonly stands: DeploymentAnswer }> {
  const place = keyOf(model, answer.key, 'answer');
  const created = await store.create(place, bytes(deploymentHeard, { answer, at }));
  if (created === 'created') return { first: true, stands: answer };
  return { first: false, stands: (await findAnswer(store, model, answer.key)) ?? answer };
}

export async function findAnswer(
  store: ObjectStore,
  model: string,
  key: string,
): Promise<DeploymentAnswer | undefined> {
  return (await findDocument(store, keyOf(model, key, 'answer'), deploymentHeard))?.answer;
}

/** From here on an answer is too late. */
export async function closeRequest(store: ObjectStore, model: string, key: string, at: string): Promise<void> {
  await store.create(keyOf(model, key, 'closed'), bytes(deploymentClosed, { at }));
}

export const isClosed = async (store: ObjectStore, model: string, key: string): Promise<boolean> =>
  (await findDocument(store, keyOf(model, key, 'closed'), deploymentClosed)) !== undefined;

const bytes = <S extends z.ZodType>(schema: S, value: z.input<S>): Uint8Array =>
  Buffer.from(JSON.stringify(schema.parse(value)));
