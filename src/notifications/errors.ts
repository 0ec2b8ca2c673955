/** What can go wrong on the way to people. None of these ever fails or delays a run. */
import { type ExitCode, HoneError } from '../errors.ts';

/** A route names an environment variable that is not there, or holds what cannot be used. */
export class RouteUnusable extends HoneError {
  readonly code = 'HONE_NOTIFY_ROUTE_UNUSABLE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(route: string, environment: string, problem: string) {
    super(
      `Route ${route} cannot be used: the environment variable ${environment} ${problem}. Nothing was sent by it; ` +
        `notices wait for a day. Set it where the worker runs, then try: hone notify test ${route}.`,
    );
  }
}

/** The other side did not take a notice. It is tried again for a day, then kept aside. */
export class NotDelivered extends HoneError {
  readonly code = 'HONE_NOTIFY_NOT_DELIVERED';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;

  constructor(route: string, problem: string) {
    super(
      `Route ${route} did not take the notice: ${problem}. It is kept and tried again each minute for a day, then set ` +
        `aside for: hone notify replay ${route}.`,
    );
  }
}

/** There is no such route in `config/hone.yaml`. */
export class RouteUnknown extends HoneError {
  readonly code = 'HONE_NOTIFY_ROUTE_UNKNOWN';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(route: string, known: readonly string[]) {
    super(
      `config/hone.yaml has no route ${JSON.stringify(route)} under notify.routes. ` +
        (known.length > 0 ? `It has: ${known.join(', ')}.` : 'It has none; docs/how-to/be-told.md shows one.'),
    );
  }
}
