/** What can go wrong while a champion is compared with its predecessor. */
import { HoneError } from '../errors.ts';

/** The predecessor's scores of the champion's rows are incomplete or no numbers. */
export class PredecessorScoresDoNotFit extends HoneError {
  readonly code = 'HONE_PREDECESSOR_SCORES_DO_NOT_FIT';
  readonly retryable = false;
  constructor(version: number, scores: number, rows: number) {
    super(
      `Version ${version} gave ${scores} scores, or some that are no numbers, for ${rows} logged rows of the champion. ` +
        'Nothing was judged and the champion stays live. Check that both versions read the same features.',
    );
  }
}
