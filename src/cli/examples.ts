/** Examples first: what `--help` of a command shows before anything else. */
import type { Command } from 'commander';

/** @param lines `[command line without "hone", what it does]` */
export function withExamples(command: Command, lines: readonly (readonly [line: string, meaning: string])[]): Command {
  const width = Math.max(...lines.map(([line]) => line.length));
  const text = lines.map(([line, meaning]) => `  $ hone ${line.padEnd(width)}  ${meaning}`).join('\n');
  return command.addHelpText('before', `Examples:\n${text}\n`);
}
