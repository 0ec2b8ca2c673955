/** A run: where it is, on whom it waits, what it was asked for, what was said to it. */
import type { RunStory } from '../../client/run-story.ts';
import { searchSections } from '../../gate/search-section.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../layout.ts';
import { awayNote } from '../parts/away.ts';
import { actorName, prose, shortDigest } from '../parts/prose.ts';
import { sectionOf } from '../parts/section.ts';
import { attempts, stageTable } from '../parts/stages.ts';
import { badge, details, facts, table } from '../parts/table.ts';
import { ago, utc, utcTime } from '../parts/time.ts';
import { outcomeTone } from '../parts/tones.ts';
import { type RunInputs, runInputs } from '../reads/run-inputs.ts';
import { type RunView, runView } from '../reads/run-view.ts';
import { usualTimes } from '../reads/usual-times.ts';
import type { Session } from '../sessions.ts';
import type { Sources } from '../sources.ts';
import { rolloutPanel } from './rollout-panel.ts';
import { runTrouble } from './run-trouble.ts';

export async function runPage(sources: Sources, session: Session, run: string): Promise<Page> {
  const view = await runView(sources, run);
  const { story, pending } = view;
  const { value } = story;
  const now = sources.now();
  const state = await sources.ledger(value.model).state();
  const usual = await usualTimes(sources, state, run);
  const inputs = await runInputs(sources, value.model, run);
  const trouble = await runTrouble(view, session, sources.workspace.dir);
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
${trouble}
${value.rollout !== null && value.open && rolloutPanel(view, session, state)}
${searchSections(value.search ?? undefined).map((section) => sectionOf(section, 'trials'))}
<section aria-labelledby="why"><h2 id="why">Why it started</h2>
${table({
  caption:
    value.reasons.length > 1
      ? 'Triggers that asked for this run; they were answered together'
      : 'What asked for this run',
  head: ['Trigger', 'By', 'Reason'],
  rows: value.reasons.map(({ kind, by, reason }) => [kind, actorName(by), prose(reason)]),
  empty: 'The reasons are not in the store; the ledger names the trigger.',
})}
${value.changes.length > 0 && html`<h3>Its data</h3><ul class="lines">${value.changes.map((change) => html`<li>${prose(change)}</li>`)}</ul>`}</section>
${madeFrom(inputs, value.model)}
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
    ])}${commands(value)}</section>`,
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

/** Digests of what went in; the version's page has the rest. */
function madeFrom({ config, manifest }: RunInputs, model: string): Html {
  const digest = (one: string | null | undefined) => (one == null ? 'not yet' : shortDigest(one));
  return html`<section aria-labelledby="inputs"><h2 id="inputs">What it is made from</h2>${facts([
    ['Configuration', digest(config)],
    ['Raw data', digest(manifest?.data?.raw)],
    ['Features', digest(manifest?.data?.features)],
    [
      'Code',
      manifest === null
        ? 'not yet'
        : html`${shortDigest(manifest.code.commit)}${manifest.code.dirty && ', with uncommitted changes'}`,
    ],
    ['Seed', manifest === null ? 'not yet' : String(manifest.seed)],
    [
      'Registered as',
      manifest === null
        ? 'nothing yet'
        : html`<a href="/models/${model}/versions/${manifest.version}">version ${manifest.version}</a>`,
    ],
  ])}</section>`;
}

/** What this page does not do, and how it is done. */
function commands({ run, open, stages }: RunStory): Html {
  const lines = [
    ['See it', `hone run show ${run}`],
    ...(open
      ? [
          ['Stop it; what it changed is taken back', `hone run cancel ${run}`],
          ['Where it does not get on', 'hone doctor'],
        ]
      : stages.length > 1
        ? [['Do it again from a stage, such as train', `hone run retry ${run} --from train`]]
        : []),
  ];
  return details(
    'On the command line',
    facts(lines.map(([what, command]) => [what ?? '', html`<code>${command}</code>`] as const)),
  );
}

function said({ story: { value, at } }: RunView): Html | null {
  if (value.messages.length === 0) return null;
  const rows = value.messages
    .toReversed()
    .map(({ at: when, name, by, accepted, answer }) => [
      name,
      by ?? 'unknown',
      badge(accepted ? 'accepted' : 'refused', accepted ? 'good' : 'warn'),
      prose(answer),
      ago(when, at),
    ]);
  const all = table({ caption: 'Messages, newest first', head: ['Message', 'By', 'Taken', 'Answer', 'When'], rows });
  return html`<section aria-labelledby="said"><h2 id="said">What was said</h2>${rows.length > 8 ? details(`${rows.length} messages`, all) : all}</section>`;
}
