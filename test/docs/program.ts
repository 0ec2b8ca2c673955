/** The real command line, by its words. */
import { commandLine, leaves } from '../../docs/generate/command-line.ts';
import { ROOT } from '../config/workspace.ts';

export const commands: readonly string[] = leaves(commandLine(ROOT, () => undefined)).map(([words]) => words);

/** Which command the words reach, with all of its options understood; null where none, and what is said about it. */
export async function parse(argv: readonly string[]): Promise<{ reached: string | null; said: string }> {
  const found: { reached: string | null; said: string } = { reached: null, said: '' };
  const hear = (text: string): void => {
    found.said += text;
  };
  const root = commandLine(ROOT, hear);
  for (const [words, command] of leaves(root)) {
    command.action(() => {
      found.reached = words;
    });
  }
  await root.parseAsync([...argv], { from: 'user' }).catch((error: Error) => hear(error.message));
  return found;
}
