/** Targets that do not do what was asked, and callbacks that are not taken. */
import { type ExitCode, HoneError } from '../errors.ts';
import { ServingError } from '../serving/errors.ts';

/** An environment variable that `deploy.target` names is not there, or holds nothing usable. */
export class TargetUnusable extends HoneError {
  readonly code = 'HONE_TARGET_UNUSABLE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;
  constructor(model: string, variable: string, problem: string) {
    super(
      `deploy.target of ${model} names the environment variable ${variable}, which ${problem}. Nothing was asked of the target. ` +
        'Set it for the workers and prediction servers, then start them again.',
    );
  }
}

/** The target did not answer, or said that it cannot now. */
export class TargetUnreachable extends HoneError {
  readonly code = 'HONE_TARGET_UNREACHABLE';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;
  constructor(model: string, call: string, problem: string) {
    super(
      `The deployment target of ${model} did not answer "${call}": ${problem}. Whether it did anything is not known; the same ` +
        `key asked again is the same change. Look at the target, then: hone deployment status ${model}`,
    );
  }
}

/** The target refused a call for good, or answered with something that is no answer. */
export class TargetRefused extends HoneError {
  readonly code = 'HONE_TARGET_REFUSED';
  readonly retryable = false;
  constructor(model: string, call: string, problem: string) {
    super(
      `The deployment target of ${model} does not take "${call}": ${problem}. The ledger was not moved on. ` +
        'Mend the target; the contract is docs/how-to/deploy-through-your-pipeline.md.',
    );
  }
}

/** The first version was taken back, and the target has no way to serve none. */
export class TargetCannotWithdraw extends HoneError {
  readonly code = 'HONE_TARGET_CANNOT_WITHDRAW';
  readonly retryable = false;
  constructor(model: string) {
    super(
      `The deployment target of ${model} does not say that it can serve no version again (\`withdraw\` in its capabilities), so it was ` +
        `not asked to. The ledger wants no version served. Take it out by the target's own means, then: hone deployment status ${model}`,
    );
  }
}

/** Before a rollout the target serves something else than the ledger says. */
export class TargetDisagrees extends HoneError {
  readonly code = 'HONE_TARGET_DISAGREES';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 6;
  constructor(model: string, found: string, wanted: number) {
    super(
      `The deployment target of ${model} says ${found}, and the ledger says version ${wanted} at 100 %. Nothing was moved. ` +
        `Bring the target to the ledger: hone deployment rollback ${model} --to ${wanted}`,
    );
  }
}

/** A change that the target does not show: the run takes it back and ends `rolled_back`. */
export class DeploymentNotConfirmed extends HoneError {
  readonly code = 'HONE_GUARDRAIL';
  readonly retryable = false;
  constructor(version: number | null, share: number, problem: string) {
    super(`Version ${version ?? 'none'} at ${share} % was not confirmed by its deployment target: ${problem}.`);
  }
}

/** A version that some live node cannot load: the run takes it back and ends `rolled_back`. */
export class NodesNotReady extends HoneError {
  readonly code = 'HONE_GUARDRAIL';
  readonly retryable = false;
  constructor(version: number, waitedMs: number, missing: readonly string[]) {
    super(
      `Version ${version} could not be loaded everywhere within ${Math.round(waitedMs / 1000)} s: ${missing.join('; ')}. The champion serves on.`,
    );
  }
}

/** A pipeline's callback was not taken. */
export class AnswerNotSent extends HoneError {
  readonly code = 'HONE_DEPLOYMENT_ANSWER_NOT_SENT';
  readonly retryable: boolean;
  override readonly exitCode: ExitCode;
  constructor(problem: string, retryable: boolean) {
    super(
      `The answer to the deployment call was not taken: ${problem}. The run waits until its deadline, then reads \`status\`. ` +
        (retryable ? 'Send it again; the same answer twice counts once.' : 'Mend what it says.'),
    );
    this.retryable = retryable;
    this.exitCode = retryable ? 69 : 6;
  }
}

/** This prediction server cannot check callbacks for the model. */
export class DeploymentAnswersClosed extends ServingError {
  readonly code = 'HONE_DEPLOYMENT_ANSWERS_CLOSED';
  readonly retryable = false;
  readonly status = 403;
  constructor(problem: string) {
    super(
      `The answer was not taken: ${problem}. Nothing was changed. ` +
        'Set deploy.target of the model and the variable that its key_env names, then start the server again.',
    );
  }
}

/** A callback that is no answer by the contract; `path` names the field. */
export class DeploymentAnswerRefused extends ServingError {
  readonly code = 'HONE_DEPLOYMENT_ANSWER_REFUSED';
  readonly retryable = false;
  readonly status = 400;
  override readonly path: string | undefined;
  constructor(problem: string, path?: string) {
    super(
      `The answer was refused${path ? ` at ${path}` : ''}: ${problem}. Nothing was changed. ` +
        'Mend it and send it again; the contract is at /openapi.json.',
    );
    this.path = path;
  }
}

/** A callback for a key that nobody asked with. */
export class DeploymentUnknown extends ServingError {
  readonly code = 'HONE_DEPLOYMENT_UNKNOWN';
  readonly retryable = false;
  readonly status = 404;
  constructor(model: string, key: string) {
    super(
      `Nothing was asked of the pipeline of ${model} with the key ${JSON.stringify(key.slice(0, 120))}. Nothing was changed. ` +
        'Send the key of the call as it came.',
    );
  }
}

/** A callback that names another version than the call did. */
export class DeploymentVersionWrong extends ServingError {
  readonly code = 'HONE_DEPLOYMENT_VERSION_WRONG';
  readonly retryable = false;
  readonly status = 409;
  override readonly path = 'version';
  constructor(key: string, asked: number | null, told: number | null) {
    super(
      `The call ${JSON.stringify(key)} asked for version ${asked ?? 'none'}, and the answer is about version ${told ?? 'none'}. The answer was not ` +
        'taken, and hone waits on. Answer each call about its own version.',
    );
  }
}

/** A second callback that says something else than the first. */
export class DeploymentAnswered extends ServingError {
  readonly code = 'HONE_DEPLOYMENT_ANSWERED';
  readonly retryable = false;
  readonly status = 409;
  constructor(key: string, stands: string) {
    super(
      `The call ${JSON.stringify(key)} was answered "${stands}" already. The first answer stands. ` +
        'What really runs is read from `status`.',
    );
  }
}

/** A callback after the deadline, or after the run ended. */
export class DeploymentTooLate extends ServingError {
  readonly code = 'HONE_DEPLOYMENT_TOO_LATE';
  readonly retryable = false;
  readonly status = 410;
  constructor(key: string, wanted: number | null) {
    super(
      `Nobody waits for an answer to ${JSON.stringify(key)} any more. It was not taken. ` +
        `The ledger wants ${wanted === null ? 'no version' : `version ${wanted}`} served: leave the target there.`,
    );
  }
}
