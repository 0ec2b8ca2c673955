/** The stages of a run: what is done, what is under way, what is to come, and how long each takes usually. */
import type { PendingWork } from '../../client/pending-work.ts';
import type { RunStory } from '../../client/run-story.ts';
import { type Content, type Html, html } from '../html.ts';
import { stageNames } from '../reads/stage-names.ts';
import { prose } from './prose.ts';
import { badge, details, table } from './table.ts';
import { span, utc } from './time.ts';

const STAGES = ['ingest', 'validate', 'features', 'train', 'evaluate', 'gate', 'approve', 'deploy', 'monitor'] as const;

/** @param usual seconds by stage @param now of the wall clock */
export function stageTable(story: RunStory, usual: ReadonlyMap<string, number>, now: Date): Html {
  const last = story.stages.length - 1;
  const names = stageNames(story.stages);
  const past: Content[][] = story.stages.map(({ started, ended }, i) => {
    const waits = story.waiting_for !== null && i === last;
    const seconds = (Date.parse(ended ?? story.ended_at ?? now.toISOString()) - Date.parse(started)) / 1000;
    const state =
      ended !== null && !waits
        ? badge('done', 'good')
        : waits
          ? badge('waits', 'warn')
          : story.open
            ? badge('under way', 'live')
            : badge('stopped here', 'bad');
    const name = names[i] ?? '';
    return [name, state, span(seconds), usualText(usual, name), utc(started)];
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

/** Attempts and what went wrong, as Temporal has them now; folded while all goes well. */
export function attempts(pending: readonly PendingWork[]): Html | null {
  if (pending.length === 0) return null;
  const again = pending.filter(({ attempt }) => attempt > 1);
  const all = table({
    caption: 'What Temporal tries just now',
    head: ['Step', 'Attempt', 'Next try', 'Last failure'],
    rows: pending.map(({ activity, attempt, nextTry, lastFailure, code }) => [
      activity,
      attempt,
      attempt > 1 && nextTry !== null ? utc(nextTry) : 'under way',
      lastFailure === null ? 'none' : html`${code !== null && html`<code>${code}</code> `}${prose(lastFailure)}`,
    ]),
    numeric: [1],
  });
  return again.length > 0 ? all : details(`${pending.length} under way, none for the second time`, all);
}

function usualText(usual: ReadonlyMap<string, number>, stage: string): string {
  const seconds = usual.get(stage);
  return seconds === undefined ? '–' : span(seconds);
}
