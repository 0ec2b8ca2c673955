/** Runs under workers that die one after the other, and what must be true of their histories. */
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Town } from '../town.ts';
import { townForTwo } from './champion.ts';
import { activitiesOf } from './history.ts';
import { expectInvariants } from './invariants.ts';
import { type Drill, startWorkerProcess, type WorkerProcess } from './worker-process.ts';

/** Tells a story in a town without a worker; what must always hold is checked at its end. */
export async function inTown(story: (town: Town) => Promise<void>, edit?: (model: Record<string, unknown>) => void) {
  const town = await townForTwo({ worker: false, ...(edit ? { edit } : {}) });
  try {
    await story(town);
    await expectInvariants(town);
  } finally {
    await town.close();
  }
}

/** The effect is there, and nobody has heard of it. */
export const answerLost = (...activities: string[]) => activities.map((name): Drill => `${name}:after`);
/** Handed out, and nothing done. */
export const notBegun = (...activities: string[]) => activities.map((name): Drill => `${name}:before`);

export const scratch = (town: Town, run: string, stage: string) => join(town.dir, '.hone', 'scratch', run, stage);

/** Each next worker dies by the next drill. Returns the one after them, which lives. */
export async function dieBy(town: Town, drills: readonly Drill[], dying?: WorkerProcess): Promise<WorkerProcess> {
  await dying?.died;
  for (const drill of drills) await (await startWorkerProcess(town, drill)).died;
  return await startWorkerProcess(town);
}

/** Nothing is there twice and nothing is missing; tried again is what was killed, and only that. */
export async function expectTriedAgainOnly(
  town: Town,
  run: string,
  whole: Readonly<Record<string, number>>,
  drills: readonly Drill[],
): Promise<void> {
  const activities = await activitiesOf(town, run);
  const counts = (of: 'scheduled' | 'completed') =>
    Object.fromEntries(Object.entries(activities).map(([name, count]) => [name, count[of]]));
  expect(counts('scheduled')).toEqual(whole);
  expect(counts('completed')).toEqual(whole);
  const again = Object.keys(activities).filter((name) => (activities[name]?.attempt ?? 0) > 1);
  const killed = new Set(drills.map((drill) => drill.split(':')[0]));
  expect(again.sort(), 'only what was killed was tried again').toEqual([...killed].sort());
}
