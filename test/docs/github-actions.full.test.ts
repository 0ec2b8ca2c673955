/** The commands of the workflow file for GitHub Actions run in their order, without GitHub. */
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rememberRequest } from '../../src/deployment/requests.ts';
import { applyConfig } from '../../src/registry/changes.ts';
import { putByDigest } from '../../src/store/content.ts';
import { hone, tellHistory, workspace, workspaceOn } from '../cli/story.ts';
import { ROOT } from '../config/workspace.ts';
import { SECRET } from '../deployment/pipeline.ts';
import { model, openServed, type Served } from '../serving/served.ts';
import { commandsOf } from './actions-file.ts';

let served: Served;
let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'hone-actions-'));
  let config: unknown;
  served = await openServed((edited) => {
    edited.deploy.target = {
      ...{ kind: 'webhook', url_env: 'U', status_url_env: null, key_env: 'KEY', callback_url_env: 'C', github: null },
    };
    config = edited;
  });
  const digest = await putByDigest(served.store, 'configs', { model: config, groups: {} });
  await served.change('apply', applyConfig(digest));
  for (const version of [1, 2]) await served.promote(version);
});
afterAll(async () => {
  await served?.close();
  await rm(out, { recursive: true, force: true });
});

test('the checks of a pull request run in their order on a workspace with a history', async () => {
  const town = await workspace();
  await tellHistory(town.store);
  await symlink(join(ROOT, 'examples'), join(town.dir, 'examples'));
  await symlink(join(ROOT, 'trainers'), join(town.dir, 'trainers'));
  const ended: string[] = [];
  // `evaluate` needs a version with a real model: it is run by test/evaluation/evaluate-files.test.ts.
  const rows = { ROWS: 'examples/flights_nyc_2013/events/2013-02.parquet' }; // here it is April 2013
  for (const argv of commandsOf('check', rows).filter(([verb]) => verb !== 'evaluate')) {
    const { code } = await town.hone(...argv);
    ended.push(`${argv[0]} ${code}`);
  }
  expect(ended).toEqual(['config 0', 'validate 0', 'model 0']);
});

test('the deployment exports the version that the call names, and answers it', async () => {
  const node = await served.start({ deployments: { environment: { KEY: SECRET }, tell: async () => undefined } });
  const asked = { call: 'deploy' as const, key: 'run-1/deploy/share-100', version: 2, share: 100 };
  const at = new Date().toISOString();
  await rememberRequest(served.store, model, { contract: 1, ...asked, workflow: 'run-1', at });
  const callback = `${node.url}/v1/models/${model}/deployments`;
  const call = JSON.stringify({ contract: 'hone/deployment-call/1', model, ...asked, callback });

  const town = await workspaceOn(served);
  const [exported, answered, failed] = commandsOf('deploy', { VERSION: `${model}/2`, CALL: '<call>', RUN: 'the run' });
  const environment = { ...process.env, HONE_DEPLOY_KEY: SECRET };
  const run = (argv: readonly string[] = []) =>
    hone(
      town.dir,
      argv.map((word) => (word === '<call>' ? call : word === 'bundle' ? join(out, 'bundle') : word)),
      environment,
    );
  expect(await run(exported)).toMatchObject({ code: 0, err: '' });
  expect(await run(answered)).toMatchObject({ code: 0, out: expect.stringContaining('accepted') });
  expect(await run(failed)).toMatchObject({ code: 6, err: expect.stringContaining('HONE_DEPLOYMENT_ANSWERED') });
});
