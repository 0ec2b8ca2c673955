/** What breaks during a soak: one thing after the other, drawn from the seed, each mended after a while. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RandomStream } from '../../../src/statistics/random.ts';
import type { World } from './world.ts';

interface Breakage {
  readonly name: string;
  /** Returns when it is mended. */
  readonly strike: (world: World, random: RandomStream) => Promise<void>;
}

const which = (random: RandomStream, of: number) => Math.floor(random.uniform() * of);

const breakages: readonly Breakage[] = [
  { name: 'kill -9 of a worker', strike: (world, random) => world.killWorker(which(random, 2)) },
  { name: 'kill -9 of a worker', strike: (world, random) => world.killWorker(which(random, 2)) },
  {
    name: 'kill -9 of a prediction server',
    strike: (world, random) => world.killNode(which(random, world.nodes.length)),
  },
  { name: 'kill -9 of the Temporal server', strike: (world) => world.killTemporal() },
  {
    name: 'the store refuses',
    strike: ({ proxy }, random) =>
      storm(proxy, 2000 + 4000 * random.uniform(), () => ({ status: 403, code: 'AccessDenied' })),
  },
  {
    name: 'the store answers 503, loses answers and cuts them',
    strike: ({ proxy }, random) =>
      storm(proxy, 5000, (method) => {
        const u = random.uniform();
        if (u < 0.1) return { status: 503, code: 'SlowDown' };
        if (u < 0.2) return 'drop-answer';
        if (u < 0.3) return method === 'GET' ? 'cut-answer' : 'duplicate';
        return undefined;
      }),
  },
];

async function storm(
  proxy: World['proxy'],
  ms: number,
  choose: Parameters<NonNullable<World['proxy']>['whenever']>[0],
): Promise<void> {
  proxy?.whenever(choose);
  await sleep(ms);
  proxy?.whenever(null);
}

/** @returns how often each struck */
export async function breakThings(
  world: World,
  random: RandomStream,
  goingOn: () => boolean,
  say: (text: string) => void,
): Promise<Map<string, number>> {
  const struck = new Map<string, number>();
  while (goingOn()) {
    await pauseWhile(4000 + 10_000 * random.uniform(), goingOn);
    if (!goingOn()) break;
    const breakage = breakages[which(random, breakages.length)];
    if (!breakage) continue;
    say(breakage.name);
    await breakage.strike(world, random);
    struck.set(breakage.name, (struck.get(breakage.name) ?? 0) + 1);
  }
  return struck;
}

async function pauseWhile(ms: number, goingOn: () => boolean): Promise<void> {
  for (const until = Date.now() + ms; Date.now() < until && goingOn(); ) await sleep(200);
}
