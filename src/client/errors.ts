/** What goes wrong between hone and Temporal. */
import { type ExitCode, HoneError } from '../errors.ts';

export class TemporalUnreachable extends HoneError {
  readonly code = 'HONE_TEMPORAL_UNREACHABLE';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;
  constructor(address: string, cause: unknown) {
    super(
      `Temporal at ${address} does not answer, so nothing was started or changed. Start it with \`hone up\`, or set temporal.address in config/hone.yaml; \`hone doctor\` looks at every part.`,
      { cause },
    );
  }
}

export class RunUnknown extends HoneError {
  readonly code = 'HONE_RUN_UNKNOWN';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;
  constructor(run: string) {
    super(`There is no run ${run}. \`hone run list\` shows those that there are.`);
  }
}

export class DecisionRefused extends HoneError {
  readonly code = 'HONE_DECISION_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 3;
}

export class RunClosed extends HoneError {
  readonly code = 'HONE_RUN_CLOSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 6;
  constructor(run: string, outcome: string | null) {
    super(
      `${run} has ended${outcome ? ` (${outcome})` : ''}: it takes no messages any more. \`hone run show ${run}\` tells the story; to undo a promotion use \`hone rollback\`.`,
    );
  }
}
