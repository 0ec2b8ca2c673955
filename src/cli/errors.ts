/** The one place where an error becomes a message and an exit code. */
import { CommanderError } from 'commander';
import { ConfigInvalid } from '../config/errors.ts';
import { type ExitCode, HoneError } from '../errors.ts';
import type { Terminal } from './context.ts';

/** Raised by commands for a wrong use that commander cannot see. */
export class UsageError extends HoneError {
  readonly code = 'HONE_USAGE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;
}

export interface ErrorDocument {
  readonly error: { code: string; message: string; retryable: boolean; problems?: unknown };
}

/**
 * The message on stderr; with `--json`, `{error: {code, message, …}}` on stdout as well.
 *
 * @returns the exit code
 */
export function tellError(error: unknown, terminal: Terminal, json: boolean): ExitCode {
  // Commander has said what is wrong, or shown the help that was asked for.
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const { document, exitCode } = describe(error);
  if (json) terminal.out(`${JSON.stringify(document, null, 2)}\n`);
  if (!(error instanceof CommanderError)) terminal.err(`${document.error.message}\n`);
  return exitCode;
}

function describe(error: unknown): { document: ErrorDocument; exitCode: ExitCode } {
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '');
    return { document: { error: { code: 'HONE_USAGE', message, retryable: false } }, exitCode: 2 };
  }
  if (error instanceof HoneError) {
    const { code, message, retryable, exitCode } = error;
    const problems = error instanceof ConfigInvalid ? { problems: error.problems } : {};
    return { document: { error: { code, message, retryable, ...problems } }, exitCode };
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const message = `This should not have happened, and is a fault of hone: ${detail}`;
  return { document: { error: { code: 'HONE_UNEXPECTED', message, retryable: false } }, exitCode: 1 };
}
