/** A real pipeline over HTTP, and the callbacks that a real prediction server takes from it or answers by type. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebhookTarget } from '../../src/config/sections/deploy.ts';
import { TargetRefused, TargetUnreachable } from '../../src/deployment/errors.ts';
import { closeRequest, rememberRequest } from '../../src/deployment/requests.ts';
import { webhookTarget } from '../../src/deployment/webhook.ts';
import { applyConfig } from '../../src/registry/changes.ts';
import { putByDigest } from '../../src/store/content.ts';
import { hone, workspaceOn } from '../cli/story.ts';
import { model, openServed, type Served } from '../serving/served.ts';
import { type Manner, OTHER_SECRET, type Pipeline, SECRET, startPipeline } from './pipeline.ts';

const own: WebhookTarget = {
  ...{ kind: 'webhook', url_env: 'URL', status_url_env: null, key_env: 'KEY' },
  ...{ callback_url_env: 'CALLBACK', github: null },
};
let pipeline: Pipeline;
let served: Served;
let server: string;
const told: string[] = [];

beforeAll(async () => {
  pipeline = await startPipeline();
  let config: unknown;
  served = await openServed((edited) => {
    edited.deploy.target = own;
    config = edited;
  });
  const digest = await putByDigest(served.store, 'configs', { model: config, groups: {} });
  await served.change('apply', applyConfig(digest));
  await served.promote(1);
  const node = await served.start({
    deployments: {
      environment: { KEY: SECRET },
      tell: async (workflow, key) => void told.push(`${workflow} ${key}`),
    },
  });
  server = node.url;
});
afterAll(async () => {
  await served?.close();
  await pipeline?.close();
});

function targetOf(more: Partial<WebhookTarget> = {}, environment: Record<string, string> = {}) {
  const variables = { URL: pipeline.url, KEY: SECRET, CALLBACK: server, TOKEN: 'ghs_token', ...environment };
  return webhookTarget({ ...own, ...more }, { model, environment: variables });
}
const change = (key: string) => ({ key, version: 2, share: 25 });
const answering = (manner: Manner, key: string) => {
  pipeline.next.splice(0, 1, manner);
  return targetOf().deploy(change(key));
};

test('a signed call is taken at once or for later; wrong bytes and refusals are final, silence may pass', async () => {
  expect(await answering('at_once', 'k/1')).toBe('done');
  expect(await targetOf().status()).toEqual({ version: 2, share: 25, healthy: true });
  expect(await answering('never', 'k/2')).toBe('under_way');
  expect(pipeline.calls.at(-1)).toMatchObject({ key: 'k/2', callback: `${server}/v1/models/${model}/deployments` });
  await expect(answering('wrong_bytes', 'k/3')).rejects.toThrow('no JSON: "<html>Welcome to nginx</html>"');
  const refused = await answering('refused', 'k/4').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(TargetRefused);
  expect((refused as Error).message).toContain('HTTP 422, not on Fridays');
  await expect(answering('dropped', 'k/5')).rejects.toBeInstanceOf(TargetUnreachable);
  await expect(targetOf({}, { KEY: OTHER_SECRET }).status()).rejects.toThrow('HTTP 401');
  await expect(targetOf({}, { URL: 'http://127.0.0.1:1/' }).status()).rejects.toBeInstanceOf(TargetUnreachable);
  expect(() => targetOf({ key_env: 'NOT_SET' })).toThrow('NOT_SET');
});

test("GitHub's dispatch gets the call as one input, with a token, and answers later", async () => {
  pipeline.next.splice(0, 1, 'never');
  const github = { ref: 'main', token_env: 'TOKEN' };
  expect(await targetOf({ github }).deploy(change('g/1'))).toBe('under_way');
  expect(pipeline.calls.at(-1)).toMatchObject({ call: 'deploy', key: 'g/1', version: 2 });
});

async function asked(key: string) {
  const at = new Date().toISOString();
  const request = { contract: 1 as const, call: 'deploy' as const, ...change(key), workflow: 'run-1', at };
  await rememberRequest(served.store, model, request);
  return { call: 'deploy', model, ...change(key), callback: `${server}/v1/models/${model}/deployments` };
}

test('a callback is taken once; a repeated, contrary, wrong, unknown, unsigned or late one is answered by type', async () => {
  const call = await asked('c/1');
  const other = await asked('c/2');
  expect(await pipeline.answer(call, { version: 3 })).toBe('409 HONE_DEPLOYMENT_VERSION_WRONG');
  expect(await pipeline.answer(call)).toBe('200 accepted');
  expect(await pipeline.answer(call)).toBe('200 repeated');
  expect(await pipeline.answer(call, { outcome: 'failed' })).toBe('409 HONE_DEPLOYMENT_ANSWERED');
  expect(await pipeline.answer(call, { key: 'c/9' })).toBe('404 HONE_DEPLOYMENT_UNKNOWN');
  expect(await pipeline.answer(call, { outcome: 'perhaps' })).toBe('400 HONE_DEPLOYMENT_ANSWER_REFUSED');
  expect(await pipeline.answer(call, {}, OTHER_SECRET)).toBe('401 HONE_EVENT_SIGNATURE_INVALID');
  await closeRequest(served.store, model, 'c/2', new Date().toISOString());
  expect(await pipeline.answer(other)).toBe('410 HONE_DEPLOYMENT_TOO_LATE');
  // Told again for the repeated one: the first time may have been lost on the way to Temporal.
  expect(told).toEqual(['run-1 c/1', 'run-1 c/1']);
});

test('`hone deployment answer` is a callback that the server takes', async () => {
  const call = JSON.stringify({ contract: 'hone/deployment-call/1', ...(await asked('cli/1')) });
  const env = { ...process.env, HONE_DEPLOY_KEY: SECRET };
  const first = await hone(served.dir, ['deployment', 'answer', '--call', call, '--json'], env);
  expect(JSON.parse(first.out)).toEqual({ answer: 'accepted', wanted: 1 });
  const contrary = await hone(served.dir, ['deployment', 'answer', '--call', call, '--failed', 'no'], env);
  expect(contrary).toMatchObject({ code: 6, err: expect.stringContaining('HONE_DEPLOYMENT_ANSWERED') });
});

test('`hone deployment` shows target and ledger, and brings the target alone to what the ledger wants', async () => {
  const { dir } = await workspaceOn(served);
  const env = { ...process.env, URL: pipeline.url, KEY: SECRET, CALLBACK: server };
  Object.assign(pipeline.serving, { version: 2, share: 100, healthy: true });
  const differs = await hone(dir, ['deployment', 'status', model], env);
  expect(differs).toMatchObject({ code: 6, out: expect.stringContaining('hone deployment rollback') });
  expect(differs.out).toContain('shadow by replay');

  const wrong = await hone(dir, ['deployment', 'rollback', model, '--to', '2'], env);
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('The ledger wants version 1') });
  pipeline.next.splice(0, 1, 'at_once');
  const back = await hone(dir, ['deployment', 'rollback', model, '--to', '1'], env);
  expect(back).toMatchObject({ code: 0, out: expect.stringContaining('The target serves version 1 at 100 %') });
  const agrees = await hone(dir, ['deployment', 'status', model, '--json'], env);
  expect(JSON.parse(agrees.out)).toMatchObject({ wanted: 1, version: 1, agrees: true, split: false });
});

test('the published contract of the server has the callback', async () => {
  const document = (await (await fetch(`${server}/openapi.json`)).json()) as { paths: Record<string, unknown> };
  expect(document.paths).toHaveProperty(['/v1/models/{model}/deployments']);
});
