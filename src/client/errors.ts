/** What goes wrong between hone and Temporal. */
import { type ExitCode, HoneError } from '../errors.ts';

/** Temporal does not answer at its address: nothing was started or changed. */
export class TemporalUnreachable extends HoneError {
  readonly code = 'HONE_TEMPORAL_UNREACHABLE';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;
  /** @param encrypted TLS was spoken, and its words in `cause` say what does not fit */
  constructor(address: string, cause: unknown, encrypted = false) {
    const how = encrypted ? ` over TLS (${(cause as Error).message})` : '';
    const then = encrypted
      ? 'Compare temporal.tls in config/hone.yaml with what the server has'
      : 'Start it with `hone up`, or set temporal.address in config/hone.yaml';
    super(
      `Temporal at ${address} does not answer${how}, so nothing was started or changed. ${then}; \`hone doctor\` looks at every part.`,
      { cause },
    );
  }
}

/** Temporal answers, and does not let this installation in. */
export class TemporalRefused extends HoneError {
  readonly code = 'HONE_TEMPORAL_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 69;
  constructor(address: string, cause: unknown) {
    super(
      `Temporal at ${address} does not let us in (${(cause as Error).message}), so nothing was started or changed. Renew what temporal.api_key or temporal.tls of config/hone.yaml names, or ask for its rights on the namespace; then \`hone doctor\`.`,
      { cause },
    );
  }
}

/** A certificate, key or token that `temporal` of config/hone.yaml names is not there. */
export class TemporalSecretMissing extends HoneError {
  readonly code = 'HONE_TEMPORAL_SECRET_MISSING';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;
  constructor(what: string, problem: string) {
    super(
      `temporal.${what} of config/hone.yaml cannot be used: ${problem}. Temporal was not asked and nothing was changed. ` +
        'Put it there for the account that runs hone, then start it again.',
    );
  }
}

/** Temporal was there and did not confirm in time that it has an event: whether it has it is not known. */
export class EventNotConfirmed extends HoneError {
  readonly code = 'HONE_EVENT_NOT_CONFIRMED';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;
  constructor(address: string, cause: unknown) {
    super(
      `Temporal at ${address} did not confirm in time that it has the event, so it may or may not be decided about. Send the same event again: it counts once, and its answer says what became of it.`,
      { cause },
    );
  }
}

/** Neither Temporal nor the store knows a run of this id. */
export class RunUnknown extends HoneError {
  readonly code = 'HONE_RUN_UNKNOWN';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;
  constructor(run: string) {
    super(`There is no run ${run}. \`hone run list\` shows those that there are.`);
  }
}

/** An approval, rejection, comment or rollout command that the run did not accept; the message is its answer. */
export class DecisionRefused extends HoneError {
  readonly code = 'HONE_DECISION_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 3;
}

/** A trigger that nobody could read, so it was not sent. */
export class TriggerRefused extends HoneError {
  readonly code = 'HONE_TRIGGER_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;
}

/** The run has ended, so it takes no messages any more. */
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

/** Temporal answers, but no worker takes work from the queue. */
export class WorkerMissing extends HoneError {
  readonly code = 'HONE_WORKER_MISSING';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;
  constructor(taskQueue: string) {
    super(
      `Temporal answers, but no worker takes work from its queue "${taskQueue}", so nothing was started or changed. Start one with \`hone up\`, then try again.`,
    );
  }
}

/** A worker should have answered and did not: whether it will still act is not known. */
export class WorkerSilent extends HoneError {
  readonly code = 'HONE_WORKER_SILENT';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;
  constructor(taskQueue: string, waitedMs: number) {
    super(
      `No worker of the queue "${taskQueue}" answered within ${Math.round(waitedMs / 1000)} s. Whether it will still act on the message is not known: look with \`hone run list\` before you repeat it. \`hone doctor\` and .hone/logs/worker.log tell more.`,
    );
  }
}

/** A run that has ended and whose end is told nowhere but in the ledger. */
export class RunRecordMissing extends HoneError {
  readonly code = 'HONE_RUN_RECORD_MISSING';
  readonly retryable = false;
  constructor(run: string) {
    super(
      `${run} has ended, but neither Temporal nor the store tells how. \`hone ledger show\` of its model has what it changed.`,
    );
  }
}

/** A new configuration that would take away what the served version needs. Nothing was applied. */
export class ApplyRefused extends HoneError {
  readonly code = 'HONE_APPLY_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 3;
  constructor(problems: readonly string[]) {
    super(
      `Nothing was applied, because versions that are served need what would go:\n${problems.map((line) => `  ${line}`).join('\n')}\n` +
        'Take these lines back, or give the changed model a name of its own; the old one stays until it is no longer needed.',
    );
  }
}

/** A workflow whose very first turn fails: there is no earlier state to return to. Nothing was changed. */
export class NothingToGoBackTo extends HoneError {
  readonly code = 'HONE_NOTHING_TO_GO_BACK_TO';
  readonly retryable = false;
  constructor(workflow: string) {
    super(
      `${workflow} fails at its very first turn, so there is nothing to go back to. Nothing was changed. Start a worker with the code that the run was started with; or end it with \`temporal workflow terminate -w '${workflow}'\`: within a minute the reconciler frees its model, and \`hone run retry\` starts anew.`,
    );
  }
}

/** Going back did not help either. What is served stays served. */
export class StillStuck extends HoneError {
  readonly code = 'HONE_STILL_STUCK';
  readonly retryable = false;
  constructor(workflow: string) {
    super(
      `${workflow} fails again from every earlier turn, so its code and its history do not fit. What is served stays served. Start a worker with the code that the run was started with; or end it with \`temporal workflow terminate -w '${workflow}'\`: within a minute the reconciler frees its model, and \`hone run retry\` starts anew.`,
    );
  }
}

/** No worker of this deployment has ever spoken to Temporal. Nothing was changed. */
export class NotDeployed extends HoneError {
  readonly code = 'HONE_NOT_DEPLOYED';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;
  constructor(deployment: string | null) {
    super(
      deployment === null
        ? 'config/hone.yaml names no temporal.deployment, so workers have no builds and any of them takes any work. Nothing was changed. Add the name, such as `deployment: hone`, and start the workers anew.'
        : `Temporal knows no worker of the deployment "${deployment}". Nothing was changed. Start a worker of the new build (\`hone up\`), then try again.`,
    );
  }
}

/** A build that no worker has spoken for. Nothing was changed. */
export class BuildUnknown extends HoneError {
  readonly code = 'HONE_BUILD_UNKNOWN';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;
  constructor(build: string, known: readonly string[]) {
    super(
      `No worker of build ${build} has been seen; there are ${known.join(', ')}. Nothing was changed. Start its worker first: a current build without workers takes no work.`,
    );
  }
}

/** What the stages before would have made is not what they made then. Nothing was started. */
export class RetryRefused extends HoneError {
  readonly code = 'HONE_RETRY_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 3;
  constructor(run: string, from: string, reasons: readonly string[]) {
    super(
      `${run} cannot be tried again from ${from}:\n${reasons.map((line) => `  ${line}`).join('\n')}\nNothing was started. Name an earlier stage, or do all of it: hone run start ${run.replace(/-\d+$/, '')}`,
    );
  }
}
