/** The real command line, to be looked at and parsed with: no action of it runs. */
import { Command } from 'commander';
import { openContext } from '../../src/cli/context.ts';
import { buildProgram } from '../../src/cli/main.ts';

/** @param cwd where it would run; @param hear what it says */
export function commandLine(cwd: string, hear: (text: string) => void): Command {
  const terminal = { out: hear, err: hear, isTty: false, env: {}, cwd, now: () => new Date(0) };
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
export function leaves(command: Command, path = ''): [words: string, command: Command][] {
  if (command.commands.length === 0) return [[path, command]];
  return command.commands.flatMap((one) => leaves(one, `${path} ${one.name()}`.trim()));
}
