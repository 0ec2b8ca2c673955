/** `hone schema`: the JSON Schema of a document that commands print, for programs that read it. */
import type { Command } from 'commander';
import { nearest } from '../../config/nearest.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { table } from '../table.ts';

export function register(program: Command, context: CliContext): void {
  withExamples(program.command('schema [document]').description('JSON Schemas of what commands print with --json'), [
    ['schema', 'which documents there are, and who prints them'],
    ['schema packet > packet.schema.json', 'one of them'],
  ]).action((name: string | undefined) => show(context, name));
}

async function show(context: CliContext, name: string | undefined): Promise<void> {
  const { DOCUMENTS, jsonSchemaOf } = await import('../documents.ts');
  if (name === undefined) {
    const documents = Object.entries(DOCUMENTS).map(([document, { from }]) => ({ document, from }));
    const rows = documents.map(({ document, from }) => [document, from]);
    return context.show({ documents }, () => table(['DOCUMENT', 'PRINTED BY'], rows, 'PRINTED BY'));
  }
  const found = DOCUMENTS[name];
  if (found === undefined) {
    const known = Object.keys(DOCUMENTS);
    const like = nearest(name, known);
    throw new UsageError(
      `No document is called ${JSON.stringify(name)}. ${like ? `Did you mean ${like}? ` : ''}There are: ${known.join(', ')}. ` +
        'Those of the configuration files: `hone config schema`.',
    );
  }
  const schema = jsonSchemaOf(found);
  context.show(schema, () => JSON.stringify(schema, null, 2));
}
