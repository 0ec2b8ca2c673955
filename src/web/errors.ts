/** What the pages refuse, in words for the person in front of them. */
import { type ExitCode, HoneError } from '../errors.ts';

/** The pages would be open to people who are not signed in. They were not started. */
export class PagesNotSafe extends HoneError {
  readonly code = 'HONE_PAGES_NOT_SAFE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;
  constructor(why: string, cure: string) {
    super(`The pages were not started: ${why}. ${cure}`);
  }
}

/** A request that the pages do not carry out. `status` is its HTTP status; nothing was changed. */
export class PageRefused extends HoneError {
  readonly code = 'HONE_PAGE_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 3;
  readonly status: number;
  constructor(status: number, sentence: string) {
    super(sentence);
    this.status = status;
  }
}
