/** `hone schema`: the JSON Schema of a document that commands print, for programs that read it. */
import type { Command } from 'commander';
import { nearest } from '../../config/nearest.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { table } from '../table.ts';

export function register(program: Command, context: CliContext): void {
  withExamples(program.command('schema [name...]').description('JSON Schemas of what commands print with --json'), [
    ['schema', 'which documents there are'],
    ['schema run list', 'what `hone run list --json` prints'],
    ['schema packet > packet.schema.json', 'a document that is part of others, or in the store'],
  ]).action((words: string[]) => show(context, words));
}

async function show(context: CliContext, words: readonly string[]): Promise<void> {
  const { DOCUMENTS, jsonSchemaOf } = await import('../documents.ts');
  const { PRINTED } = await import('../documents/commands.ts');
  const commands = Object.keys(PRINTED).sort();
  if (words.length === 0) {
    const documents = Object.entries(DOCUMENTS).map(([document, { from }]) => ({ document, from }));
    const rows = documents.map(({ document, from }) => [document, from]);
    return context.show({ documents, commands }, () =>
      [
        table(['DOCUMENT', 'PRINTED BY'], rows, 'PRINTED BY'),
        'What a command prints with --json as a whole, by its name: hone schema run list',
      ].join('\n\n'),
    );
  }
  const name = words.join(' ');
  const found = DOCUMENTS[name]?.schema ?? PRINTED[name];
  if (found === undefined) {
    const known = Object.keys(DOCUMENTS);
    const like = nearest(name, [...known, ...commands]);
    throw new UsageError(
      `No document or command is called ${JSON.stringify(name)}. ${like ? `Did you mean ${like}? ` : ''}` +
        `Documents: ${known.join(', ')}. Commands: as in \`hone --help\`, such as \`hone schema run list\`. ` +
        'Those of the configuration files: `hone config schema`.',
    );
  }
  const schema = jsonSchemaOf(found);
  context.show(schema, () => JSON.stringify(schema, null, 2));
}
