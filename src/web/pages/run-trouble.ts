/** What went wrong in a run: what to do next, and the last lines that the worker logged about it. */
import type { RunStory } from '../../client/run-story.ts';
import { retryStage } from '../../workflows/contract.ts';
import { type Html, html } from '../html.ts';
import { many } from '../parts/numbers.ts';
import { prose } from '../parts/prose.ts';
import { badge, details, table } from '../parts/table.ts';
import { utc } from '../parts/time.ts';
import { outcomeTone } from '../parts/tones.ts';
import { missingRole } from '../people.ts';
import type { RunView } from '../reads/run-view.ts';
import { type LoggedLine, workerLog } from '../reads/worker-log.ts';
import type { Session } from '../sessions.ts';

/** @param dir of the workspace @returns null where nothing went wrong */
export async function runTrouble({ story, pending }: RunView, session: Session, dir: string): Promise<Html | null> {
  const { value } = story;
  const failing = pending.some(({ lastFailure }) => lastFailure !== null);
  const ended = value.outcome !== null && outcomeTone(value.outcome) === 'bad';
  if (!failing && !ended) return null;
  const next = failing
    ? '`hone doctor` says what holds it up. What fails for good ends the run by itself, and takes back what it changed.'
    : again(value);
  const denied = missingRole(session.person, value.model, 'operator');
  return html`<section aria-labelledby="trouble"><h2 id="trouble">What went wrong</h2>
<p>${prose(next)} Codes such as <code>HONE_…</code> are listed in <code>docs/reference/errors.md</code>.</p>
${denied === null ? logged(value.run, await workerLog(dir, value.run)) : html`<p class="soft">The worker’s log is for operators. ${denied}.</p>`}</section>`;
}

/** From where it stopped; what comes after the evaluation goes on from there. */
function again({ run, model, stages }: RunStory): string {
  const known = stages.filter(({ stage }) => retryStage.safeParse(stage).success).at(-1);
  return known === undefined
    ? `Once the cause is mended: \`hone run start ${model}\`.`
    : `Once the cause is mended: \`hone run retry ${run} --from ${known.stage}\`, on what it had before, or \`hone run start ${model}\`.`;
}

function logged(run: string, lines: readonly LoggedLine[] | null): Html {
  if (lines === null || lines.length === 0)
    return html`<p class="soft">${lines === null ? 'The worker’s log is not in this workspace' : 'The end of the worker’s log in this workspace says nothing of this run'}: look where the worker runs, in what it writes to its error output (<code>.hone/logs/worker.log</code> with <code>hone up</code>), for lines with <code>"run":"${run}"</code>.</p>`;
  const all = table({
    caption: `The last lines about this run in .hone/logs/worker.log, newest last`,
    head: ['When', 'Level', 'Activity', 'Attempt', 'Said'],
    rows: lines.map(({ time, level, stage, attempt, code, msg, err }) => [
      timeOfDay(new Date(time).toISOString()),
      level >= 50 ? badge('error', 'bad') : level >= 40 ? badge('warning', 'warn') : 'info',
      stage ?? '–',
      attempt === undefined ? '–' : String(attempt),
      html`${code !== undefined && html`<code>${code}</code> `}${err === undefined ? (msg ?? '–') : `${msg ?? 'error'}: ${err.message}`}`,
    ]),
    numeric: [3],
  });
  return details(`What the worker logged: ${many(lines.length, 'line')}`, all);
}

/** To the second, because lines of one minute follow from each other; the day on hover. */
function timeOfDay(instant: string): Html {
  return html`<time datetime="${instant}" title="${utc(instant)}">${instant.slice(11, 19)}</time>`;
}
