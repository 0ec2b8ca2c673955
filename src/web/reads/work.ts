/** Whether anybody is at work: workers, and the looks that should come regularly. What no workflow can tell of itself. */
import { idleSentences, type Liveness, liveness } from '../../client/liveness.ts';
import type { Sources } from '../sources.ts';
import type { Known } from './last-known.ts';

/** Pages look again every few seconds; a worker is missed for minutes before anybody is told. */
const KEPT_MS = 15_000;
const kept = new WeakMap<Sources, { readonly at: number; readonly answer: Promise<Known<Liveness> | null> }>();

/** Null where Temporal is away and was never asked before. */
export function workNow(sources: Sources): Promise<Known<Liveness> | null> {
  const before = kept.get(sources);
  const now = sources.now().getTime();
  if (before && now - before.at < KEPT_MS) return before.answer;
  const read = () => liveness(sources.client, new Date(now).toISOString());
  const answer = sources.lastKnown.read('Temporal', 'work', read);
  kept.set(sources, { at: now, answer });
  answer.catch(() => kept.delete(sources));
  return answer;
}

/** Empty where all is well, or nothing is known: that Temporal is away is said elsewhere. */
export async function idleNow(sources: Sources): Promise<string[]> {
  const known = await workNow(sources);
  return known === null || known.away !== null ? [] : idleSentences(known.value);
}
