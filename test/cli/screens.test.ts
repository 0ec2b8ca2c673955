/** One golden file a screen: what a person sees at 80 columns. Renew with `npx vitest run test/cli -u`, then read the diff. */
import { beforeEach, expect, test } from 'vitest';
import { editor } from '../config/workspace.ts';
import { tellHistory, workspace } from './story.ts';

let town: Awaited<ReturnType<typeof workspace>>;
beforeEach(async () => {
  town = await workspace();
});

/** What differs from run to run: the folder, and digests that hold wall-clock times. */
const steady = (text: string) =>
  text
    .replaceAll(town.dir, '<workspace>')
    .replace(/up to [0-9a-f]{8}/g, 'up to <digest>')
    .replace(/^(Manifest +)[0-9a-f]{12}$/gm, '$1<digest>');

test.each([
  ['config-validate', ['config', 'validate']],
  ['config-explain', ['config', 'explain', 'flights-delay']],
  ['config-explain-path', ['config', 'explain', 'flights-delay', 'deploy.canary']],
  ['model-list', ['model', 'list']],
  ['model-show', ['model', 'show', 'flights-delay']],
  ['registry-list', ['registry', 'list', 'flights-delay']],
  ['registry-show', ['registry', 'show', 'flights-delay@champion']],
  ['ledger-show', ['ledger', 'show', 'flights-delay']],
  ['ledger-show-last', ['ledger', 'show', 'flights-delay', '--last', '3']],
  ['ledger-at', ['ledger', 'show', 'flights-delay', '--at', '2013-04-01T12:00:00Z', '--logical']],
  ['ledger-verify', ['ledger', 'verify']],
  ['batch-list', ['batch', 'list', 'flights-delay']],
  ['quarantine-list', ['data', 'quarantine', 'list', 'flights-delay']],
  ['labels-show', ['monitor', 'labels', 'show', 'flights-delay']],
  ['schema', ['schema']],
  ['identity-show', ['identity', 'show']],
  ['registry-gc', ['registry', 'gc', '--dry-run']],
  ['lineage', ['lineage', 'models:/flights-delay/2']],
  ['help', ['--help']],
  ['help-ledger', ['ledger', '--help']],
])('the screen %s is as it was, within 80 columns', async (name, argv) => {
  await tellHistory(town.store);
  const { code, out, err } = await town.hone(...argv);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  await expect(steady(out)).toMatchFileSnapshot(`golden/${name}.txt`);
  const tooWide = steady(out)
    .split('\n')
    .filter((line) => line.length > 80 && !line.startsWith('  $ '));
  expect(tooWide).toEqual([]);
});

test.each([
  ['empty-model-list', ['model', 'list']],
  ['empty-model-show', ['model', 'show', 'flights-delay']],
  ['empty-registry-list', ['registry', 'list', 'flights-delay']],
  ['empty-ledger-show', ['ledger', 'show', 'flights-delay']],
])('the screen %s says how to fill it', async (name, argv) => {
  const { code, out } = await town.hone(...argv);
  expect(code).toBe(0);
  await expect(steady(out)).toMatchFileSnapshot(`golden/${name}.txt`);
});

test('the screen of a broken configuration lists every problem', async () => {
  const { edit } = editor(town.dir);
  await edit('config/models/flights-delay.yaml', 'primary: roc_auc', 'primery: roc_auc');
  await edit('config/models/flights-delay.yaml', 'steps: [5, 25, 50, 100]', 'steps: [5, "25"]');
  const { code, out, err } = await town.hone('config', 'validate');
  expect({ code, out }).toEqual({ code: 2, out: '' });
  await expect(steady(err)).toMatchFileSnapshot('golden/config-invalid.txt');
});

test('a setting that the files of a workspace are too old to name is told of, and explained as shipped', async () => {
  await editor(town.dir).edit('config/defaults.yaml', '  shadow: {', '  # shadow: {');
  const validated = await town.hone('config', 'validate');
  expect(validated.code, validated.err).toBe(0);
  expect(validated.out).toContain(
    'flights-delay: no file names deploy.shadow.bake, deploy.shadow.min_requests,\n' +
      'deploy.shadow.max_wait; as hone ships them.\nLook: hone config explain flights-delay deploy.shadow.bake\n',
  );
  const explained = await town.hone('config', 'explain', 'flights-delay', 'deploy.shadow');
  await expect(explained.out.replace(/yaml:\d+/g, 'yaml:<line>')).toMatchFileSnapshot(
    'golden/config-explain-shipped.txt',
  );
});
