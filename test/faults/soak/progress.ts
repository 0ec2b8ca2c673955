/** What a soak tells each minute: how far its models are, what callers got, and what each process uses. */
import { readFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Predictions } from './predictions.ts';
import type { World } from './world.ts';

const EVERY_MS = 60_000;

/** Until `stop`: a line a minute. */
export function tellProgress(
  world: World,
  predictions: () => Predictions | null,
  say: (text: string) => void,
): { stop(): Promise<void> } {
  const stopped = new AbortController();
  const told = (async () => {
    for (;;) {
      await sleep(EVERY_MS, undefined, { signal: stopped.signal });
      say(await progressLine(world, predictions()).catch((error: Error) => `no progress to tell: ${error.message}`));
    }
  })().catch(() => undefined);
  return {
    async stop() {
      stopped.abort();
      await told;
    },
  };
}

async function progressLine(world: World, predictions: Predictions | null): Promise<string> {
  const states = await Promise.all([...world.ledgers.values()].map((ledger) => ledger.state()));
  const sum = (count: (state: (typeof states)[number]) => number) => states.reduce((all, one) => all + count(one), 0);
  const begun = sum(({ nextRun }) => nextRun - 1);
  const active = sum(({ activeRun }) => (activeRun ? 1 : 0));
  const serving = sum(({ aliases }) => (aliases.champion ? 1 : 0));
  const made = sum(({ nextVersion }) => nextVersion - 1);
  const usage = await Promise.all(
    Object.entries(world.pids()).map(async ([name, pid]) => `${name} ${await residentMb(pid)} MB`),
  );
  const answers = predictions
    ? `${predictions.answered.length} predictions (${predictions.later.length} told to come again, ${predictions.wrong.length} wrong); `
    : '';
  return (
    `${begun} runs begun, ${active} active, ${made} versions, ${serving} of ${states.length} models serve; ${answers}` +
    `load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores; ${usage.join(', ')}`
  );
}

async function residentMb(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kb = /^VmRSS:\s+(\d+)/m.exec(status)?.[1];
  return kb === undefined ? '?' : String(Math.round(Number(kb) / 1024));
}
