/** Two versions with different feature definitions are read separately: their scores must meet row by row. */
import { ScoresDoNotFitRows } from './errors.ts';
import { pickRows } from './judged-rows.ts';

/**
 * Scores in the order of other rows, matched by id.
 *
 * @param ids the rows to be judged, in their order
 * @param other ids (unique) and scores of the other reading
 * @param width scores a row, row-major
 * @throws ScoresDoNotFitRows when a row has no score, or an id occurs twice
 */
export function alignScores(
  who: string,
  ids: readonly string[],
  other: { readonly id: readonly string[]; readonly scores: Float64Array },
  width = 1,
): Float64Array {
  if (ids.length === other.id.length && ids.every((id, i) => id === other.id[i])) return other.scores;
  const place = new Map(other.id.map((id, i) => [id, i]));
  if (place.size !== other.id.length) {
    throw new ScoresDoNotFitRows(who, `${other.id.length - place.size} of its row ids occur more than once`);
  }
  const missing = ids.filter((id) => !place.has(id));
  if (missing.length > 0) {
    throw new ScoresDoNotFitRows(
      who,
      `${missing.length} of ${ids.length} rows have no score (first: id ${missing[0]})`,
    );
  }
  const order = Int32Array.from(ids, (id) => place.get(id)!);
  return pickRows(other.scores, order, width);
}
