/** A limit on statements that hold SQL of people: nobody's expression may keep a worker busy for ever. */
import { type Connection, isEngineError } from '../engine.ts';
import { UserSqlTooSlow } from './errors.ts';

/** Far more than the largest scan takes (20 million rows: seconds), far less than the stage's own time-out. */
export const STATEMENT_LIMIT_MS = 300_000;

/**
 * Runs `work` and interrupts the connection's statement after `limitMs`.
 *
 * @param where the SQL that may be at fault, for the message
 * @throws UserSqlTooSlow
 */
export async function withinLimit<T>(
  db: Connection,
  limitMs: number,
  where: string,
  work: () => Promise<T>,
): Promise<T> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    db.interrupt();
  }, limitMs);
  try {
    return await work();
  } catch (error) {
    if (late && isEngineError(error)) throw new UserSqlTooSlow(where, limitMs, { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
