/** `hone demo`: the whole loop on a year of real flights. */
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';

interface DemoOptions {
  readonly keep?: boolean;
  readonly interactive?: boolean;
}

export function register(program: Command, context: CliContext): void {
  const demo = program
    .command('demo')
    .description('replay 2013: train, gate, approve, deploy, watch, retrain, roll back; about six minutes')
    .option('--keep', 'leave everything running at the end and print the addresses')
    .option('--interactive', 'wait for a person to approve in the Temporal UI')
    .action((options: DemoOptions) => run(context, options));
  withExamples(demo, [
    ['demo', 'the whole story'],
    ['demo --interactive', 'approve the models yourself, in the Temporal UI'],
    ['demo --json > demo.json', 'one document on stdout, the story on stderr'],
  ]);
}

async function run(context: CliContext, options: DemoOptions): Promise<void> {
  const { preflight } = await import('../../local/preflight.ts');
  await preflight();
  const { runDemo } = await import('../demo/demo.ts');
  const { document, text } = await runDemo({
    folder: fileURLToPath(new URL('../../..', import.meta.url)),
    runCommand: context.run,
    say: (line) => context.say(line),
    colors: context.colors,
    keep: options.keep ?? false,
    interactive: options.interactive ?? false,
  });
  context.show(document, () => text);
}
