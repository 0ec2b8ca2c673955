/** Whether anybody is at work: workers, and the looks that should come regularly. What no workflow can tell of itself. */
import { idleSentences, type Liveness, liveness } from '../../client/liveness.ts';
import type { Sources } from '../sources.ts';
import { keptFor } from './kept-for.ts';
import type { Known } from './last-known.ts';

/** Pages look again every few seconds; a worker is missed for minutes before anybody is told. */
const KEPT_MS = 15_000;

/** Null where Temporal is away and was never asked before. */
export const workNow = keptFor(KEPT_MS, (sources: Sources): Promise<Known<Liveness> | null> => {
  const now = sources.now().toISOString();
  return sources.lastKnown.read('Temporal', 'work', () => liveness(sources.client, now));
});

/** Empty where all is well, or nothing is known: that Temporal is away is said elsewhere. */
export async function idleNow(sources: Sources): Promise<string[]> {
  const known = await workNow(sources);
  return known === null || known.away !== null ? [] : idleSentences(known.value);
}
