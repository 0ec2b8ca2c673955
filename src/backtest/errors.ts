/** What a backtest refuses. It writes to no store, ledger or alias, so nothing of a model has changed. */
import { type ExitCode, HoneError } from '../errors.ts';

/** A policy file that cannot be read, and no policy that hone brings has its name. */
export class PolicyFileMissing extends HoneError {
  readonly code = 'HONE_POLICY_FILE_MISSING';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(path: string, reason: string, known: readonly string[] = []) {
    const names = known.length === 0 ? '' : `, or one of ${known.join(', ')}`;
    super(
      `The policy ${path} cannot be read: ${reason}. Nothing was trained. ` +
        `Name a policy file${names}; docs/how-to/choose-a-retraining-policy.md shows one.`,
    );
  }
}

/** Two policies of one backtest with one name: their figures could not be told apart. */
export class PolicyNamedTwice extends HoneError {
  readonly code = 'HONE_POLICY_NAMED_TWICE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(name: string) {
    super(`Two policies are named ${name}. Nothing was trained. Give one of them another name (\`policy:\`).`);
  }
}

/** Time that cannot be replayed: backwards, or without a row that has a label. */
export class NothingToReplay extends HoneError {
  readonly code = 'HONE_NOTHING_TO_REPLAY';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(model: string, from: string, to: string, why: string) {
    super(
      `${model} cannot be replayed from ${from} to ${to}: ${why}. Nothing was trained. ` +
        'Choose --from and --to inside the data, with enough history before --from to train on.',
    );
  }
}

/** A skill trigger needs the holdout that a policy without a gate does not keep. */
export class TriggerNeedsGate extends HoneError {
  readonly code = 'HONE_TRIGGER_NEEDS_GATE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(policy: string) {
    super(
      `Policy ${policy} says \`gate: off\` and has the performance trigger on, which compares with the holdout that ` +
        'the gate judges. Nothing was trained. Set `triggers.performance.enabled: false`, or leave the gate on.',
    );
  }
}

/** A task whose evaluation a replay does not have the rows for. */
export class TaskNotReplayed extends HoneError {
  readonly code = 'HONE_TASK_NOT_REPLAYED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(model: string, task: string) {
    super(
      `${model} is a ${task} model, and a backtest replays binary and regression models only: what monitoring asks for a ` +
        'run by is not known of several classes. Nothing was trained. Judge its versions with `hone evaluate` instead.',
    );
  }
}
