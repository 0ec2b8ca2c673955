/** What commands print with `--json` is what `hone schema` says, held against it by a validator of others. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { DOCUMENTS } from '../../src/cli/documents.ts';
import { MODEL, tellHistory, workspace } from './story.ts';

type Said = Readonly<Record<string, unknown>>;
const EXAMPLES: readonly (readonly [document: string, argv: readonly string[], part: (said: Said) => unknown])[] = [
  ['ledger-entry', ['ledger', 'show', MODEL], ({ entries }) => (entries as unknown[]).at(-1)],
  ['ledger-state', ['model', 'show', MODEL], ({ state }) => state],
  ['version-manifest', ['registry', 'show', `${MODEL}/2`], ({ manifest }) => manifest],
  ['error', ['model', 'show', 'nothing'], (said) => said],
];

test.each(EXAMPLES)('%s is as its schema says, which refuses something else', async (name, argv, part) => {
  const { hone, store } = await workspace();
  await tellHistory(store);
  const schema = JSON.parse((await hone('schema', name)).out);
  const fits = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  const document = part(JSON.parse((await hone(...argv, '--json')).out));
  expect(fits(document), JSON.stringify(fits.errors)).toBe(true);
  expect(fits({})).toBe(false);
});

test('every document has a schema; an unknown name is told the nearest', async () => {
  const { hone } = await workspace();
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  for (const name of Object.keys(DOCUMENTS)) ajv.compile(JSON.parse((await hone('schema', name)).out));
  const { documents } = JSON.parse((await hone('schema', '--json')).out);
  expect(documents.map(({ document }: { document: string }) => document)).toEqual(Object.keys(DOCUMENTS));
  expect(await hone('schema', 'paket')).toMatchObject({
    code: 2,
    err: expect.stringContaining('Did you mean packet?'),
  });
});
