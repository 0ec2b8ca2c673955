/** What the registry refuses. Each message says what stays as it was and what to do. */
import { type ExitCode, HoneError } from '../errors.ts';

/** A change was not written because the newest state does not allow it. `refused` is the reason a Step gave. */
export class LedgerConflict extends HoneError {
  readonly code: 'HONE_LEDGER_CONFLICT' | 'HONE_RUN_FENCED' = 'HONE_LEDGER_CONFLICT';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 6;
  /** Stable for the cases that callers distinguish: `superseded`; otherwise a clause for people. */
  readonly refused: string;

  constructor(model: string, effectId: string, refused: string, seq: number) {
    super(
      `"${effectId}" was not written to the ledger of ${model}: ${refused} (newest entry ${seq}). Nothing was changed. ` +
        `Look at \`hone model show ${model}\`, then decide again on what is there now.`,
    );
    this.refused = refused;
  }
}

/** A write by a run that is no longer the active one: a person rolled back, or the lock was released. */
export class RunFenced extends LedgerConflict {
  override readonly code = 'HONE_RUN_FENCED';

  constructor(model: string, effectId: string, run: string, active: string | null, seq: number) {
    const now = active ? `the active run is ${active}` : 'no run is active';
    super(model, effectId, `run ${run} may not write any more, ${now}`, seq);
  }
}

/** Many writers kept the ledger busy for longer than a write may wait. */
export class LedgerBusy extends HoneError {
  readonly code = 'HONE_LEDGER_BUSY';
  readonly retryable = true;

  constructor(model: string, effectId: string, attempts: number) {
    super(
      `"${effectId}" found other entries in its place ${attempts} times in the ledger of ${model}. It was not written. ` +
        'The same call may succeed: try again; if this goes on, look who writes with `hone ledger show`.',
    );
  }
}

/** The chain is broken: entries were changed or removed behind hone. Nothing is promoted on such a ledger. */
export class LedgerDamaged extends HoneError {
  readonly code = 'HONE_LEDGER_DAMAGED';
  readonly retryable = false;

  constructor(model: string, problem: string) {
    super(
      `The ledger of ${model} is damaged: ${problem}. Nothing was written; what is served stays as it is. ` +
        `Entries are never changed or removed by hone: restore \`models/${model}/\` from a backup of the store.`,
    );
  }
}

/** A model name that could become another path. */
export class ModelNameRefused extends HoneError {
  readonly code = 'HONE_MODEL_NAME_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(name: string) {
    super(
      `${JSON.stringify(name.slice(0, 80))} is no model name. Nothing was read or written. Use small letters, digits ` +
        'and single hyphens, starting with a letter, at most 60 characters, such as flights-delay.',
    );
  }
}

/** A reference such as `champion` or `12` names no version. */
export class VersionMissing extends HoneError {
  readonly code = 'HONE_VERSION_MISSING';
  readonly retryable = false;

  constructor(model: string, ref: number | string) {
    const what = typeof ref === 'number' ? `version ${ref}` : `version under the alias "${ref}"`;
    super(`There is no ${what} of ${model}. Nothing was changed. \`hone registry list ${model}\` lists what there is.`);
  }
}

/** Two runs wrote a manifest for one version number. */
export class VersionTaken extends HoneError {
  readonly code = 'HONE_VERSION_TAKEN';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 6;

  constructor(model: string, version: number, by: string | null) {
    super(
      `Version ${version} of ${model} was written by ${by ?? 'an import'} already, so it stays as it is. ` +
        'Take the next free number: the same call with a new number will succeed.',
    );
  }
}

/** There is no earlier champion, and none was named. */
export class NothingToRollBackTo extends HoneError {
  readonly code = 'HONE_NO_ROLLBACK_TARGET';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 3;
  constructor(model: string) {
    super(
      `${model} has no earlier champion to return to. The live version was not changed. Name one: \`hone rollback ${model} --to <version>\`; \`hone registry list ${model}\` shows them.`,
    );
  }
}

/** A model from elsewhere that does not fit the model file's features or task. */
export class ImportDoesNotFit extends HoneError {
  readonly code = 'HONE_IMPORT_DOES_NOT_FIT';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(model: string, problem: string) {
    super(
      `The file cannot become a version of ${model}: ${problem}. Nothing was written. ` +
        'Order `features` in the model file as the signature does, or name the definition that it was trained with by --definition.',
    );
  }
}

/** A review of an approval that nobody has to review, or by the person who gave it. */
export class ReviewRefused extends HoneError {
  readonly code = 'HONE_REVIEW_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 3;
}

/** Garbage is not removed while a run may take up what looks unused. */
export class GarbageInUse extends HoneError {
  readonly code = 'HONE_GARBAGE_IN_USE';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 6;

  constructor(run: string) {
    super(
      `${run} is active and may take up content that looks unused now. Nothing was removed. Wait for its end ` +
        `(\`hone run watch ${run}\`) or freeze the models, then try again; without --delete it can be looked at any time.`,
    );
  }
}

/** The grace period is shorter than what a run may take between storing content and writing it down. */
export class GarbageTooYoung extends HoneError {
  readonly code = 'HONE_GARBAGE_TOO_YOUNG';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(graceMs: number) {
    super(
      `A grace of ${Math.round(graceMs / 3_600_000)} h is shorter than a day: a run could store content and write it down ` +
        'after it was taken for garbage. Nothing was removed. Write P1D or more.',
    );
  }
}
