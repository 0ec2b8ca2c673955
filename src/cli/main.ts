/** The command line: builds the program from one file a noun, and turns any error into a message and an exit code. */
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { type CliContext, type GlobalOptions, openContext, type Terminal } from './context.ts';
import { tellError } from './errors.ts';
import { withExamples } from './examples.ts';
import { NOUNS } from './nouns.ts';

/** @returns the exit code; see `src/errors.ts` */
export async function main(argv: readonly string[], terminal: Terminal = ownTerminal()): Promise<number> {
  const program = new Command('hone');
  const context = openContext(terminal, () => globalOptions(program), main);
  buildProgram(program, context);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    return tellError(error, terminal, argv.includes('--json'));
  }
}

export function buildProgram(program: Command, context: CliContext): Command {
  program
    .description('Keeps tabular models sharp: retrains, gates, deploys, watches and rolls back.')
    .option('--json', 'print one JSON document on stdout')
    .option('--quiet', 'say nothing but results and errors')
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .option('--dir <workspace>', 'the folder that holds config/ (default: from here upwards)')
    .configureOutput({ writeOut: context.terminal.out, writeErr: context.terminal.err })
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .exitOverride();
  withExamples(program, [
    ['demo', 'the whole loop on a year of real flights, in minutes'],
    ['doctor', 'what this machine has and lacks'],
    ['config validate', 'every problem of every configuration file'],
    ['model show flights-delay', 'what is live, and what happens next'],
  ]);
  for (const register of NOUNS) register(program, context);
  inherit(program);
  return program;
}

/** Commander hands these settings to subcommands only if they are made before; nouns need not know. */
function inherit(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inherit(command);
  }
}

function globalOptions(program: Command): GlobalOptions {
  const { json = false, quiet = false, color = true, dir } = program.opts<Partial<GlobalOptions>>();
  return { json, quiet, color, ...(dir === undefined ? {} : { dir }) };
}

function ownTerminal(): Terminal {
  // A reader such as `head` may close the pipe early: that is not our failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isTty: process.stdout.isTTY === true,
    ...(process.stdin.isTTY && process.stderr.isTTY ? { ask: askOnTerminal } : {}),
    env: process.env,
    cwd: process.cwd(),
    now: () => new Date(),
  };
}

async function askOnTerminal(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}
