/** `hone web`: the pages by themselves, and tokens for the people who sign in to them. */
import { createHash, randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';

export function register(program: Command, context: CliContext): void {
  const noun = program.command('web').description('the pages in a browser; `hone up` starts them too');
  withExamples(noun, [
    ['web', 'until Ctrl-C'],
    ['web token', 'a token for somebody who signs in, and what to write into config/hone.yaml'],
  ]);
  noun
    .command('serve', { isDefault: true })
    .description('the pages, until Ctrl-C; `hone web` alone does this')
    .action(() => serve(context));
  noun
    .command('token')
    .description('make a token; only its SHA-256 belongs into config/hone.yaml')
    .action(() => token(context));
}

async function serve(context: CliContext): Promise<void> {
  const workspace = await context.workspace();
  const { startPages } = await import('../../web/server.ts');
  const { createLogger } = await import('../../telemetry/logger.ts');
  const pages = await startPages(workspace, createLogger('web', 'warn'), context.terminal.env);
  context.show({ url: pages.url }, () => `The pages are at ${pages.url}`);
  context.say('Running until Ctrl-C.');
  await new Promise<void>((stop) => {
    process.once('SIGINT', () => stop());
    process.once('SIGTERM', () => stop());
  });
  await pages.close();
  context.say('Stopped.');
}

/** 256 random bits: nobody guesses them, so a plain hash of them is as good as a slow one. */
function token(context: CliContext): void {
  const made = randomBytes(32).toString('base64url');
  const sha256 = createHash('sha256').update(made).digest('hex');
  context.show(
    { token: made, token_sha256: sha256 },
    () =>
      `Token, for its owner and nobody else:\n  ${made}\n\nIn config/hone.yaml, under web.users.<name>:\n  token_sha256: ${sha256}`,
  );
}
