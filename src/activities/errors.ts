/** Errors of the stages themselves; most come from the domain folders. */
import { type ExitCode, HoneError } from '../errors.ts';

export { NothingToRollBackTo } from '../registry/errors.ts';

/** `hone config apply` has not made a configuration of this model current. */
export class ModelNotApplied extends HoneError {
  readonly code = 'HONE_MODEL_NOT_APPLIED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;
  constructor(model: string) {
    super(
      `${model} has no configuration in the ledger, so nothing can run. Run \`hone config apply\`, then try again.`,
    );
  }
}

/** A batch needs a champion. */
export class NothingToScoreWith extends HoneError {
  readonly code = 'HONE_NOTHING_TO_SCORE_WITH';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;
  constructor(model: string) {
    super(
      `${model} has no champion yet, so no batch can be scored. Nothing was written. Start a run and approve it ` +
        `(hone run start ${model}), or score rows with a version by hand: hone batch score ${model}/<number> --data <path>.`,
    );
  }
}

/** A version broke a guardrail of its rollout: the run takes it back and ends `rolled_back`. */
export class GuardrailBreached extends HoneError {
  readonly code = 'HONE_GUARDRAIL';
  readonly retryable = false;
}

/** No prediction server of the model is alive, so a deployment could not be read back. */
export class NoLiveNode extends HoneError {
  readonly code = 'HONE_NO_LIVE_NODE';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;
  constructor(model: string) {
    super(
      `No prediction server that serves ${model} is alive, so a deployment could not be verified. Nothing was changed. Start one with \`hone up\`.`,
    );
  }
}

/** Before anything moved, a prediction server was beyond its limits: what a rollout did could not be told from it. */
export class GuardrailsNotQuiet extends HoneError {
  readonly code = 'HONE_GUARDRAILS_NOT_QUIET';
  readonly retryable = true;
  constructor(model: string, broken: readonly string[]) {
    super(
      `The rollout of ${model} was not begun, because monitoring.service is exceeded already. Nothing was changed. ${broken.join(' ')} ` +
        'When it is quiet again, start the run once more: hone run retry. What it exceeds is a limit of the model file.',
    );
  }
}

/** A full refit whose scores are far from those of the version that was judged. */
export class RefitDisagrees extends HoneError {
  readonly code = 'HONE_REFIT_DISAGREES';
  readonly retryable = false;
  constructor(refit: number, judged: number, problem: string) {
    super(
      `Version ${refit}, the refit of ${judged}, does not agree with it: ${problem}. It was not offered for approval. Look at the data of the newest rows, or set training.refit: none.`,
    );
  }
}

/** An earlier version cannot score logged predictions: the log does not keep a feature that it needs. */
export class FeatureNotLogged extends HoneError {
  readonly code = 'HONE_FEATURE_NOT_LOGGED';
  readonly retryable = false;
  constructor(model: string, version: number, feature: string) {
    super(
      `Version ${version} of ${model} cannot be scored again on logged predictions: the log does not keep its feature ` +
        `"${feature}". Probation stays undecided. Add it to monitoring.log.keep for the predictions to come.`,
    );
  }
}
