/** docs/reference/commands.md: the help of every command, as the command line prints it. */
import type { Command } from 'commander';
import { commandLine, leaves } from './command-line.ts';

export function commandsPage(root: string): string {
  const found = leaves(commandLine(root, () => undefined));
  const nouns = [...new Set(found.map(([words]) => words.split(' ')[0] ?? ''))];
  const sections = nouns.map((noun) => {
    const verbs = found.filter(([words]) => words === noun || words.startsWith(`${noun} `));
    const one = verbs.length === 1;
    const texts = verbs.map(
      ([words, command]) => `${one ? '##' : '###'} hone ${words}\n\n\`\`\`text\n${help(command)}\n\`\`\``,
    );
    return [...(one ? [] : [`## ${noun}`]), ...texts].join('\n\n');
  });
  return `# Commands

What \`hone <command> --help\` prints, for each. What they print with \`--json\`, and the exit codes: [cli.md](../cli.md).

${sections.join('\n\n')}
`;
}

/** Examples stand before the help; the options that every command has are left out. */
function help(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  });
  command.configureHelp({ showGlobalOptions: false });
  command.outputHelp();
  return text.trim();
}
