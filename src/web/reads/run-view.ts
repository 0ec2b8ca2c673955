/** One run with everything that its pages show. */
import { type PendingWork, pendingWork } from '../../client/pending-work.ts';
import { modelOfRun } from '../../client/run-id.ts';
import { type RunStory, recordedRun, runStory } from '../../client/run-story.ts';
import type { ModelConfig } from '../../config/model.ts';
import { PageRefused } from '../errors.ts';
import type { Sources } from '../sources.ts';
import type { Known } from './last-known.ts';
import { ledgerStory } from './ledger-story.ts';

export interface RunView {
  readonly story: Known<RunStory>;
  readonly pending: readonly PendingWork[];
  /** The model file as it is now; undefined where the model was removed. */
  readonly config: ModelConfig | undefined;
}

/**
 * A run that has ended comes from the store; one under way from Temporal, as it was last seen, or from the ledger.
 *
 * @throws RunUnknown, PageRefused where only Temporal could tell and does not answer
 */
export async function runView(sources: Sources, run: string): Promise<RunView> {
  const story = (await recorded(sources, run)) ?? (await underWay(sources, run));
  const { client, workspace, lastKnown } = sources;
  const asked = story.value.open && story.away === null;
  const pending = asked ? await lastKnown.read('Temporal', `pending ${run}`, () => pendingWork(client, run)) : null;
  const config = workspace.models.get(story.value.model)?.config;
  return { story, pending: pending?.away === null ? pending.value : [], config };
}

async function recorded({ records, store, now }: Sources, run: string): Promise<Known<RunStory> | null> {
  const value = records.get(run) ?? (await recordedRun(store, run));
  if (value === null) return null;
  records.set(run, value);
  return { value, at: now(), away: null };
}

async function underWay(sources: Sources, run: string): Promise<Known<RunStory>> {
  const { client, store, lastKnown } = sources;
  const read = () => sources.shared(`run ${run}`, () => runStory(client, store, run));
  const known = await lastKnown.read('Temporal', `run ${run}`, read);
  if (known !== null) return known;
  const model = modelOfRun(run);
  const told = ledgerStory(model, run, await sources.entries(model));
  if (told !== null) return { value: told.story, at: new Date(told.at), away: 'Temporal does not answer' };
  throw new PageRefused(
    503,
    `Temporal does not answer, and neither store nor ledger knows ${run}. Look with \`hone doctor\`.`,
  );
}

/** What stands in the way of any message to this run; null where nothing does. */
export function cannotReach({ value, away }: Known<RunStory>): string | null {
  if (away !== null) return `${away}, so nobody would get the message`;
  if (!value.open) return `${value.run} has ended${value.outcome ? ` (${value.outcome.replaceAll('_', ' ')})` : ''}`;
  return value.source === 'memo' ? 'No worker answers, so nobody would get the message; `hone up` starts one' : null;
}
