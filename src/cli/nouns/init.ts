/** `hone init`: a workspace of one's own, empty or with an example to play with. */
import { access } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';

export function register(program: Command, context: CliContext): void {
  withExamples(
    program.command('init <folder>').description('write the configuration of a new workspace, which holds your models'),
    [
      ['init models', 'empty; `hone model init` adds a model from your data'],
      ['init tour --example flights-delay', 'with a model and a year of flights, to be replayed'],
    ],
  )
    .option('--example <model>', 'a shipped model with its data: flights-delay')
    .action((folder: string, options: { example?: string }) => init(context, folder, options.example));
}

async function init(context: CliContext, folder: string, example: string | undefined): Promise<void> {
  const { EXAMPLES, writeWorkspace } = await import('../init/workspace-files.ts');
  if (example !== undefined && !Object.hasOwn(EXAMPLES, example))
    throw new UsageError(
      `There is no example ${JSON.stringify(example)}. There is: ${Object.keys(EXAMPLES).join(', ')}.`,
    );
  const dir = resolve(context.terminal.cwd, folder);
  for (const name of ['config', 'data']) {
    const there = await access(join(dir, name)).then(
      () => true,
      () => false,
    );
    if (there) throw new UsageError(`${folder}/${name} is there already. Nothing was changed. Choose another folder.`);
  }
  const files = await writeWorkspace(dir, example);
  const staged = example === undefined ? {} : (EXAMPLES[example]?.staged ?? {});
  const at = relative(context.terminal.cwd, dir) || '.';
  context.show({ folder: dir, files, example: example ?? null, staged }, () => initText(at, files, example, staged));
}

function initText(folder: string, files: readonly string[], example: string | undefined, staged: object): string {
  const next =
    example === undefined
      ? [`  hone --dir ${folder} model init <name> --from <data>   look at data, write a model file`]
      : [
          `  hone --dir ${folder} clock set 2013-04-01              the data is of 2013: say when it is`,
          `  hone --dir ${folder} up                                start everything`,
        ];
  return [
    `Wrote ${files.join(', ')} in ${folder}.`,
    ...(example === undefined ? [] : [`Other than in the shipped file: ${JSON.stringify(staged)}.`]),
    'Put your names into groups of config/hone.yaml: they are who may approve.',
    '',
    'Next:',
    ...next,
  ].join('\n');
}
