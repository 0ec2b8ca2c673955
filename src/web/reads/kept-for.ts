/** An answer that all readers share for a while, because nothing of it changes faster; a failure is not kept. */
import type { Sources } from '../sources.ts';

/** One answer for each set of sources. @param ms how long it is shared, by the sources' own clock */
export function keptFor<T>(ms: number, read: (sources: Sources) => Promise<T>): (sources: Sources) => Promise<T> {
  const kept = new WeakMap<Sources, { readonly at: number; readonly answer: Promise<T> }>();
  return (sources) => {
    const now = sources.now().getTime();
    const before = kept.get(sources);
    if (before && now - before.at < ms) return before.answer;
    const answer = read(sources);
    kept.set(sources, { at: now, answer });
    answer.catch(() => kept.delete(sources));
    return answer;
  };
}
