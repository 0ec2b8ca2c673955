/** The base of every error that hone raises on purpose. Each domain folder has its own classes in `errors.ts`. */

/**
 * Process exit codes of the command line (design §9).
 *
 * 0 done, 1 failed, 2 usage or config, 3 refused by policy, 4 gate rejected, 5 waiting for a person,
 * 6 conflict or stale, 69 dependency unreachable, 130 interrupted.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 69 | 130;

/**
 * An error for a person: what happened, where, why, what stayed as it was and what to do next, in that order,
 * in `message`. `code` is stable and documented; `retryable` says whether the same call may succeed later.
 */
export abstract class HoneError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }

  abstract readonly code: `HONE_${string}`;
  abstract readonly retryable: boolean;
  readonly exitCode: ExitCode = 1;

  override get name(): string {
    return this.constructor.name;
  }
}
