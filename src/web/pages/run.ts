/** A run: where it is, on whom it waits, what it was asked for, what was said to it. */
import type { RunStory } from '../../client/run-story.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../layout.ts';
import { awayNote } from '../parts/away.ts';
import { buttons, postForm } from '../parts/forms.ts';
import { prose } from '../parts/prose.ts';
import { attempts, stageTable } from '../parts/stages.ts';
import { badge, details, facts, table } from '../parts/table.ts';
import { ago, utc, utcTime } from '../parts/time.ts';
import { outcomeTone } from '../parts/tones.ts';
import { missingRole } from '../people.ts';
import { cannotReach, type RunView, runView } from '../reads/run-view.ts';
import { usualTimes } from '../reads/usual-times.ts';
import type { Session } from '../sessions.ts';
import type { Sources } from '../sources.ts';

export async function runPage(sources: Sources, session: Session, run: string): Promise<Page> {
  const view = await runView(sources, run);
  const { story, pending } = view;
  const { value } = story;
  const now = sources.now();
  const usual = await usualTimes(sources, await sources.ledger(value.model).state(), run);
  const ui = sources.client.uiUrl(run);
  const waits = value.waiting_for !== null;
  return {
    title: run,
    model: value.model,
    crumbs: [
      ['Models', '/'],
      [value.model, `/models/${value.model}`],
    ],
    live: value.open,
    attention: waits,
    sentence: html`${value.outcome !== null && badge(value.outcome, outcomeTone(value.outcome))} ${sentenceOf(view)}`,
    body: html`${awayNote(story, 'this run')}${value.source === 'memo' && story.away === null && html`<p class="notice bad">No worker answers: this is what the run last showed. <code>hone up</code> starts one.</p>`}
${hasPacket(value) && html`<p><a${value.open && html` class="button"`} href="/runs/${run}/packet">Read the approval packet</a></p>`}
<section aria-labelledby="stages"><h2 id="stages">Stages</h2>${stageTable(value, usual, now)}${attempts(pending)}</section>
${value.rollout !== null && value.open && rolloutPanel(view, session)}
<section aria-labelledby="why"><h2 id="why">Why it started</h2>
${table({
  caption: 'Triggers that asked for this run',
  head: ['Trigger', 'By', 'Reason'],
  rows: value.reasons.map(({ kind, by, reason }) => [kind, by, reason]),
  empty: 'The reasons are not in the store; the ledger names the trigger.',
})}
${value.changes.length > 0 && html`<h3>Its data</h3><ul>${value.changes.map((change) => html`<li>${change}</li>`)}</ul>`}</section>
${said(view)}
<section aria-labelledby="more"><h2 id="more">More</h2>${facts([
      ['Model', html`<a href="/models/${value.model}">${value.model}</a>`],
      [
        'Version',
        value.version === null
          ? 'none yet'
          : html`<a href="/models/${value.model}/versions/${value.version}">version ${value.version}</a>`,
      ],
      ['Approved by', approvers(value).join(', ') || (value.open ? 'nobody yet' : 'nobody')],
      ['Ended', value.ended_at === null ? 'not yet' : utcTime(value.ended_at)],
      [
        'Known from',
        { workflow: 'its workflow, now', memo: 'what it last showed', record: 'its record in the store' }[value.source],
      ],
      ...(ui === null ? [] : ([['In Temporal', html`<a href="${ui}">all of its history</a>`]] as const)),
      ['On the command line', html`<code>hone run show ${run}</code>`],
    ])}</section>`,
  };
}

function hasPacket({ packet, stages }: RunStory): boolean {
  return packet !== null || stages.some(({ stage }) => stage === 'approve');
}

/** A record has no list of them, but what was said and accepted. */
function approvers({ approvals, messages }: RunStory): readonly string[] {
  if (approvals.length > 0) return approvals;
  return messages.flatMap(({ name, by, accepted }) => (name === 'approve' && accepted && by !== null ? [by] : []));
}

function sentenceOf({ story: { value } }: RunView): Html {
  if (value.waiting_for === null) return prose(value.sentence);
  const until = value.deadline === null ? '' : ` until ${utc(value.deadline)}`;
  const after = value.then === null ? '' : `; then: ${value.then}`;
  return html`${prose(value.sentence)} It waits for ${value.waiting_for}${until}${after}.`;
}

/** @returns the form with which a person holds, releases, hurries or stops a rollout */
export function rolloutPanel({ story }: RunView, session: Session): Html {
  const { value } = story;
  const why = missingRole(session.person, value.model, 'operator') ?? cannotReach(story);
  const paused = value.rollout?.paused ?? false;
  const step = value.rollout?.step ?? 0;
  return html`<section aria-labelledby="rollout"><h2 id="rollout">Rollout</h2><p>${
    paused ? 'Paused' : 'Going on'
  } at ${step} % of entities. <a href="/models/${value.model}/rollout">Guardrails and steps</a></p>
${postForm(
  session,
  `/runs/${value.run}/rollout`,
  html`<label>Reason, kept with the run <input name="reason" maxlength="500"></label>
${buttons('rollout-why', [
  paused
    ? { name: 'command', value: 'resume', label: 'Resume', kind: 'primary', why }
    : { name: 'command', value: 'pause', label: 'Pause: shares stay as they are', why },
  { name: 'command', value: 'promote', label: 'Cut this step short', why },
  { name: 'command', value: 'abort', label: 'Abort: everything goes back', kind: 'danger', why },
])}`,
)}</section>`;
}

function said({ story: { value, at } }: RunView): Html | null {
  if (value.messages.length === 0) return null;
  const rows = value.messages
    .toReversed()
    .map(({ at: when, name, by, accepted, answer }) => [
      name,
      by ?? 'unknown',
      badge(accepted ? 'accepted' : 'refused', accepted ? 'good' : 'warn'),
      answer,
      ago(when, at),
    ]);
  const all = table({ caption: 'Messages, newest first', head: ['Message', 'By', 'Taken', 'Answer', 'When'], rows });
  return html`<section aria-labelledby="said"><h2 id="said">What was said</h2>${rows.length > 8 ? details(`${rows.length} messages`, all) : all}</section>`;
}
