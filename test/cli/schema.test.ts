/** What commands print with `--json` is what `hone schema` says, held against it by a validator of others. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { openContext } from '../../src/cli/context.ts';
import { commandOf, PRINTED } from '../../src/cli/documents/commands.ts';
import { DOCUMENTS, jsonSchemaOf } from '../../src/cli/documents.ts';
import { buildProgram } from '../../src/cli/main.ts';
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

/** Every command that does something: one without commands of its own. */
function commandsOf(parent: Command, path: readonly string[] = []): string[] {
  return parent.commands.flatMap((one) =>
    one.commands.length > 0 ? commandsOf(one, [...path, one.name()]) : [[...path, one.name()].join(' ')],
  );
}

test('every command has a schema of what it prints, and no schema is left of a command that is gone', () => {
  const terminal = { out: () => {}, err: () => {}, isTty: false, env: {}, cwd: '.', now: () => new Date(0) };
  const options = { json: true, quiet: true, color: false };
  const context = openContext(
    terminal,
    () => options,
    async () => 0,
  );
  const commands = commandsOf(buildProgram(new Command('hone'), context));
  expect(Object.keys(PRINTED).sort()).toEqual([...commands].sort());
  for (const command of commands) expect(commandOf([...command.split(' '), 'a-model', '--json'])).toBe(command);
});

test('hone schema names a command as it is called, and its schema compiles', async () => {
  const { hone } = await workspace();
  const { out, code } = await hone('schema', 'run', 'list');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ type: 'object', required: ['runs'] });
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  for (const schema of Object.values(PRINTED)) ajv.compile(jsonSchemaOf(schema));
});
