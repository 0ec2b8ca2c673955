/** Waiting by looking, with an end. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until the answer is not undefined. @returns undefined when the time is over */
export async function pollUntil<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  options: { timeoutMs: number; everyMs?: number },
): Promise<T | undefined> {
  const end = performance.now() + options.timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= end) return undefined;
    await sleep(options.everyMs ?? 25);
  }
}
