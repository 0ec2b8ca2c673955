/** The stages of a run: what is done, what is under way, what is to come, and how long each takes usually. */
import type { PendingWork } from '../../client/pending-work.ts';
import type { RunStory } from '../../client/run-story.ts';
import { type Content, type Html, html } from '../html.ts';
import { badge, table } from './table.ts';
import { span, utc } from './time.ts';

const STAGES = ['ingest', 'validate', 'features', 'train', 'evaluate', 'gate', 'approve', 'deploy', 'monitor'] as const;

/** @param usual seconds by stage @param now of the wall clock */
export function stageTable(story: RunStory, usual: ReadonlyMap<string, number>, now: Date): Html {
  const last = story.stages.length - 1;
  const past: Content[][] = story.stages.map(({ stage, started, ended }, i) => {
    const waits = story.waiting_for !== null && i === last;
    const seconds = (Date.parse(ended ?? now.toISOString()) - Date.parse(started)) / 1000;
    const state =
      ended !== null && !waits
        ? badge('done', 'good')
        : waits
          ? badge('waits', 'warn')
          : story.open
            ? badge('under way', 'live')
            : badge('stopped here', 'bad');
    return [stage, state, span(seconds), usualText(usual, stage), utc(started)];
  });
  const reached = Math.max(-1, ...story.stages.map(({ stage }) => STAGES.indexOf(stage as (typeof STAGES)[number])));
  const coming = story.open ? STAGES.slice(reached + 1) : [];
  return table({
    caption: 'Stages of this run; usual is the median of the last ten that are recorded',
    head: ['Stage', 'State', 'Took', 'Usual', 'Started'],
    rows: [
      ...past,
      ...coming.map((stage) => [
        html`<span class="soft">${stage}</span>`,
        badge('to come'),
        '–',
        usualText(usual, stage),
        '–',
      ]),
    ],
    numeric: [2, 3],
    empty: 'Its stages are not known without a worker.',
  });
}

/** Attempts and what went wrong, as Temporal has them now. */
export function attempts(pending: readonly PendingWork[]): Html | null {
  if (pending.length === 0) return null;
  return table({
    caption: 'What Temporal tries just now',
    head: ['Step', 'Attempt', 'Last failure'],
    rows: pending.map(({ activity, attempt, lastFailure }) => [activity, attempt, lastFailure ?? 'none']),
    numeric: [1],
  });
}

function usualText(usual: ReadonlyMap<string, number>, stage: string): string {
  const seconds = usual.get(stage);
  return seconds === undefined ? '–' : span(seconds);
}
