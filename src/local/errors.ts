/** What can go wrong with the services that hone runs on this machine. */
import { type ExitCode, HoneError } from '../errors.ts';

/** Node or Python is missing or too old; the message lists everything at once. */
export class PreflightFailed extends HoneError {
  readonly code = 'HONE_PREFLIGHT_FAILED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 69;

  constructor(missing: readonly string[]) {
    super(`This machine lacks what hone needs; nothing was started.\n${missing.map((line) => `  ${line}`).join('\n')}`);
  }
}

/** No way of obtaining the Temporal CLI worked; the message lists every try. */
export class TemporalCliMissing extends HoneError {
  readonly code = 'HONE_TEMPORAL_CLI_MISSING';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;

  constructor(version: string, tries: readonly { how: string; outcome: string }[]) {
    const list = tries.map(({ how, outcome }) => `  ${how}: ${outcome}`).join('\n');
    super(
      `The Temporal CLI ${version} could not be obtained. Tried, in this order:\n${list}\n` +
        'Nothing was started. Mend one of these, or put a `temporal` program on this machine and name it in HONE_TEMPORAL_CLI.',
    );
  }
}

/** An environment variable is set to something that cannot be used; it is never passed over. */
export class SettingUnusable extends HoneError {
  readonly code = 'HONE_SETTING_UNUSABLE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(name: string, value: string, reason: string) {
    super(
      `The environment variable ${name} is set to ${JSON.stringify(value)}, but ${reason}. Correct it, or unset it.`,
    );
  }
}

/** The part runs already in this workspace and was left alone. */
export class ProcessAlreadyRunning extends HoneError {
  readonly code = 'HONE_PROCESS_ALREADY_RUNNING';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 6;

  constructor(name: string, pid: number) {
    super(
      `The ${name} process is already running here (process ${pid}); it was left alone. Stop it with \`hone down\`.`,
    );
  }
}

/** A part was started and did not become ready; the message ends with its last log lines. */
export class ProcessNotReady extends HoneError {
  readonly code = 'HONE_PROCESS_NOT_READY';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;

  constructor(name: string, reason: string, logFile: string | null, lastLines: string) {
    const log = logFile === null ? '' : ` Its log is ${logFile}${lastLines === '' ? ', and empty' : '; it ends with'}:`;
    const tail = lastLines === '' ? '' : `\n${lastLines.replace(/^/gm, '  | ')}`;
    super(`The ${name} process did not become ready: ${reason}. It was stopped.${log}${tail}`);
  }
}
