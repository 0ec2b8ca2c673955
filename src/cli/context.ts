/** What every command is given: where the workspace is, how to speak, and the usual things opened once. */
import { resolve } from 'node:path';
import { createColors } from 'picocolors';
import { findWorkspace, loadWorkspace, type Workspace } from '../config/load.ts';
import type { ExitCode } from '../errors.ts';
import type { ObjectStore } from '../store/object-store.ts';

export type Colors = ReturnType<typeof createColors>;

/** The outside world of one call, so that tests can listen. */
export interface Terminal {
  /** Data, and nothing else. */
  out(text: string): void;
  /** Talk: progress, hints, errors. */
  err(text: string): void;
  readonly isTty: boolean;
  /** Asks the person and returns the line; absent where nobody can answer. */
  readonly ask?: (question: string) => Promise<string>;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** For "3 days ago"; never for policy. */
  now(): Date;
}

export interface GlobalOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  readonly dir?: string;
}

export interface CliContext {
  readonly terminal: Terminal;
  readonly options: GlobalOptions;
  readonly colors: Colors;
  /** One document on stdout with `--json`, else the text made for people. */
  show(document: unknown, text: () => string): void;
  /** A sentence about what is going on, on stderr; silent with `--quiet`. */
  say(sentence: string): void;
  /** Ends the command with this code after it returns, without it being an error. */
  exitWith(code: ExitCode): void;
  readonly exitCode: ExitCode;
  /** `--dir`, or the folder with `config/hone.yaml` from here upwards. */
  workspaceDir(): Promise<string>;
  workspace(): Promise<Workspace>;
  /** Another command of this program, as somebody else would run it. Returns its exit code. */
  run(argv: readonly string[], terminal: Terminal): Promise<number>;
  /** The workspace's store; loaded only by the commands that need it. */
  store(): Promise<ObjectStore>;
}

/** @param options read when a command runs: they are parsed after the commands are registered */
export function openContext(terminal: Terminal, options: () => GlobalOptions, run: CliContext['run']): CliContext {
  let exitCode: ExitCode = 0;
  const context: CliContext = {
    terminal,
    run,
    get options() {
      return options();
    },
    get colors() {
      return createColors(options().color && terminal.isTty && !terminal.env['NO_COLOR']);
    },
    get exitCode() {
      return exitCode;
    },
    show(document, text) {
      terminal.out(options().json ? `${jsonText(document)}\n` : `${text().trimEnd()}\n`);
    },
    say(sentence) {
      if (!options().quiet) terminal.err(`${sentence}\n`);
    },
    exitWith(code) {
      exitCode = code;
    },
    workspaceDir: async () => {
      const { dir } = options();
      return dir === undefined ? await findWorkspace(terminal.cwd) : resolve(terminal.cwd, dir);
    },
    workspace: async () => await loadWorkspace(await context.workspaceDir()),
    async store() {
      const { hone, dir } = await context.workspace();
      const { openStore } = await import('../store/open-store.ts');
      return openStore(hone.store, dir);
    },
  };
  return context;
}

/** Indented JSON in which no character can turn a terminal around: the same document, invisible characters spelt out. */
function jsonText(document: unknown): string {
  const spelt = (text: string) =>
    [...Array(text.length).keys()].map((i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');
  return JSON.stringify(document, null, 2).replace(/[\u007f-\u009f\u2028\u2029\p{Cf}]/gu, spelt);
}
