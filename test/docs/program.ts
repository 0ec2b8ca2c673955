/** The real command line, to be looked at and parsed with: no action of it runs. */
import { Command } from 'commander';
import { openContext } from '../../src/cli/context.ts';
import { buildProgram } from '../../src/cli/main.ts';
import { ROOT } from '../config/workspace.ts';

function program(hear: (text: string) => void): Command {
  const terminal = { out: hear, err: hear, isTty: false, env: {}, cwd: ROOT, now: () => new Date(0) };
  const options = { json: false, quiet: true, color: false };
  return buildProgram(
    new Command('hone'),
    openContext(
      terminal,
      () => options,
      async () => 0,
    ),
  );
}

/** Every command that does something, by its words: `config validate`, `approve`. */
function leaves(command: Command, path = ''): [words: string, command: Command][] {
  if (command.commands.length === 0) return [[path, command]];
  return command.commands.flatMap((one) => leaves(one, `${path} ${one.name()}`.trim()));
}

export const commands: readonly string[] = leaves(program(() => undefined)).map(([words]) => words);

/** Which command the words reach, with all of its options understood; null where none, and what is said about it. */
export async function parse(argv: readonly string[]): Promise<{ reached: string | null; said: string }> {
  const found: { reached: string | null; said: string } = { reached: null, said: '' };
  const hear = (text: string): void => {
    found.said += text;
  };
  const root = program(hear);
  for (const [words, command] of leaves(root)) {
    command.action(() => {
      found.reached = words;
    });
  }
  await root.parseAsync([...argv], { from: 'user' }).catch((error: Error) => hear(error.message));
  return found;
}
