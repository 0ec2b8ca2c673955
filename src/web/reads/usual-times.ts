/** How long the stages of a model's runs take: medians over the last runs whose end is recorded. */
import { type RunStory, recordedRun } from '../../client/run-story.ts';
import type { LedgerState } from '../../registry/contract.ts';
import type { Sources } from '../sources.ts';
import { stageNames } from './stage-names.ts';

const RUNS = 10;

/** Seconds by the name of the stage (`stageNames`); a stage that no recorded run had is left out. A run's record never changes, so it is read once. */
export async function usualTimes(sources: Sources, state: LedgerState, except: string): Promise<Map<string, number>> {
  const ended = state.budgets.runs.filter(({ run }) => run !== except).slice(-RUNS);
  const found = await Promise.all(ended.map(({ run }) => recordOf(sources, run)));
  const seconds = new Map<string, number[]>();
  for (const { stages } of found.filter((story) => story !== null)) {
    const names = stageNames(stages);
    stages.forEach(({ started, ended: end }, i) => {
      const name = names[i] ?? '';
      if (end === null) return;
      seconds.set(name, [...(seconds.get(name) ?? []), (Date.parse(end) - Date.parse(started)) / 1000]);
    });
  }
  return new Map([...seconds].map(([stage, all]) => [stage, median(all)]));
}

async function recordOf({ store, records }: Sources, run: string): Promise<RunStory | null> {
  const story = records.get(run) ?? (await recordedRun(store, run));
  if (story !== null) records.set(run, story);
  return story;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
