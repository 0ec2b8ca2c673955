/** One run with everything that its pages show. */
import { type PendingWork, pendingWork } from '../../client/pending-work.ts';
import { type RunStory, recordedRun, runStory } from '../../client/run-story.ts';
import type { ModelConfig } from '../../config/model.ts';
import { PageRefused } from '../errors.ts';
import type { Sources } from '../sources.ts';
import type { Known } from './last-known.ts';

export interface RunView {
  readonly story: Known<RunStory>;
  readonly pending: readonly PendingWork[];
  /** The model file as it is now; undefined where the model was removed. */
  readonly config: ModelConfig | undefined;
}

/**
 * A run that has ended comes from the store; one under way from Temporal, or as it was last seen.
 *
 * @throws RunUnknown, PageRefused where only Temporal could tell and does not answer
 */
export async function runView(sources: Sources, run: string): Promise<RunView> {
  const { client, store, workspace, lastKnown } = sources;
  const story = (await lastStory(sources, run)) ?? null;
  if (story === null)
    throw new PageRefused(
      503,
      `Temporal does not answer, and nothing about ${run} was read before. Look with \`hone doctor\`; the ledger of the model has what it changed.`,
    );
  const pending = story.value.open
    ? await lastKnown.read('Temporal', `pending ${run}`, () => pendingWork(client, run)).catch(() => null)
    : null;
  const config = workspace.models.get(story.value.model)?.config;
  return { story, pending: pending?.away === null ? pending.value : [], config };

  async function lastStory(from: Sources, id: string): Promise<Known<RunStory> | null> {
    const recorded = from.records.get(id) ?? (await recordedRun(store, id));
    if (recorded !== null) {
      from.records.set(id, recorded);
      return { value: recorded, at: from.now(), away: null };
    }
    return await lastKnown.read('Temporal', `run ${id}`, () =>
      from.shared(`run ${id}`, () => runStory(client, store, id)),
    );
  }
}

/** What stands in the way of any message to this run; null where nothing does. */
export function cannotReach({ value, away }: Known<RunStory>): string | null {
  if (!value.open) return `${value.run} has ended${value.outcome ? ` (${value.outcome.replaceAll('_', ' ')})` : ''}`;
  if (away !== null) return `${away}, so nobody would get the message`;
  return value.source === 'memo' ? 'No worker answers, so nobody would get the message; `hone up` starts one' : null;
}
