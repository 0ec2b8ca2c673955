/** A model: what answers, how good it is over time, what the machine does, what happened last. */

import { checkService } from '../../monitoring/checks/service-check.ts';
import type { TickReport } from '../../monitoring/contract.ts';
import { aliasText, changeText, routingText } from '../../registry/change-text.ts';
import type { LedgerEntry, LedgerState } from '../../registry/contract.ts';
import { type DueReview, dueAmong } from '../../registry/reviews.ts';
import { readNodes } from '../../serving/nodes.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../layout.ts';
import { awayNote } from '../parts/away.ts';
import { count, many, number } from '../parts/numbers.ts';
import { newestFirst } from '../parts/order.ts';
import { actorName, prose } from '../parts/prose.ts';
import { qualitySection, serviceSection } from '../parts/quality.ts';
import { badge, facts, table } from '../parts/table.ts';
import { ago, utc } from '../parts/time.ts';
import { findingTone, outcomeTone } from '../parts/tones.ts';
import { byExcess } from '../reads/columns.ts';
import { starts } from '../reads/fleet.ts';
import { openRuns } from '../reads/overview.ts';
import type { Session } from '../sessions.ts';
import type { Sources } from '../sources.ts';
import { orderSection } from './model-orders.ts';
import { policySection } from './model-policy.ts';

const LOOKS = 30;
const DRIFTING = 10;

export async function modelPage(sources: Sources, session: Session, model: string): Promise<Page> {
  const ledger = await sources.knownLedger(model);
  const read = await sources.lastKnown.read('the store', `model ${model}`, async () => ({
    state: await ledger.state(),
    entries: await sources.entries(model),
    looks: await sources.looks.last(model, LOOKS),
    nodes: (await readNodes(sources.store)).filter(({ models }) => models[model] !== undefined),
  }));
  const [runs, next] = await Promise.all([openRuns(sources), starts(sources)]);
  const open = runs?.value.find((one) => one.model === model) ?? null;
  const config = sources.workspace.models.get(model)?.config;
  const title = model;
  if (read === null)
    return {
      title,
      model,
      section: 'Overview',
      attention: true,
      sentence: 'The store does not answer, and nothing was read before.',
      body: awayNote(read, model),
    };
  const { state, entries, looks, nodes } = read.value;
  const service = checkService(nodes, config?.monitoring.service, sources.now().toISOString());
  const [look] = looks;
  const need = open?.needs ?? null;
  return {
    title,
    model,
    section: 'Overview',
    crumbs: [['Models', '/']],
    live: true,
    attention: need !== null || (look?.open_incidents.length ?? 0) > 0,
    sentence: sentenceOf(state, look, open?.waitingFor ?? null),
    body: html`${awayNote(read, 'these figures')}${runs?.away != null && awayNote(runs, 'runs under way')}
${state.freeze !== null && html`<p class="notice bad">Frozen by ${state.freeze.by}: ${state.freeze.reason}.${state.freeze.until && ` Until ${utc(state.freeze.until)}.`} What is served goes on, and a rollback stays possible.</p>`}
${config === undefined && html`<p class="notice bad">No file under config/models names ${model} any more: it is kept, but nothing starts a run of it.</p>`}
${open?.needs === 'approval' && html`<p><a class="button" href="/runs/${open.run}/packet">Read the approval packet of ${open.run}</a></p>`}
${dueAmong(model, entries).map(reviewNote)}
${stateSection(model, state, open?.run ?? state.activeRun?.run ?? null, sources.client.uiUrl(`model/${model}`))}
${qualitySection(model, looks, entries, config?.gate.primary ?? null)}
${driftSection(model, look)}
${serviceSection(service, new Map(nodes.map(({ node, models }) => [node, models[model]?.ready ?? false])))}
${runsSection(state)}
${historySection(model, entries, sources.now())}
${config && policySection(model, config, state, next.get(model))}
${orderSection(session, model, state, config !== undefined)}`,
  };
}

function sentenceOf(state: LedgerState, look: TickReport | undefined, waitingFor: string | null): Html {
  const live =
    state.routing.arms.length === 0
      ? 'No version is live yet.'
      : `${capital(routingText(state))} ${state.routing.arms.length > 1 ? 'answer' : 'answers'}.`;
  const open = look?.open_incidents ?? [];
  const alarm =
    open.length === 0
      ? ''
      : `${many(open.length, 'incident')} ${open.length === 1 ? 'is' : 'are'} open (${open.slice(0, 3).join(', ')}${open.length > 3 ? ', …' : ''}). `;
  const seen = look === undefined ? 'Nobody has looked at it yet.' : `${alarm}${look.sentence}`;
  const run = state.activeRun?.run;
  const next =
    waitingFor !== null
      ? `It needs somebody: ${run ?? 'a run'} waits for ${waitingFor}.`
      : run !== undefined
        ? `${run} is under way; it needs nobody now.`
        : open.length === 0
          ? 'Nothing needs you.'
          : 'No run is under way.';
  return prose(`${live} ${seen} ${next}`);
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function stateSection(model: string, state: LedgerState, run: string | null, ui: string | null): Html {
  const version = (n: number | undefined) =>
    n === undefined ? 'none' : html`<a href="/models/${model}/versions/${n}">version ${n}</a>`;
  return html`<section aria-labelledby="now"><h2 id="now">Now</h2>${facts([
    ['Answers predictions', routingText(state)],
    ['Champion', version(state.aliases.champion?.version)],
    ['Champion before', version(state.aliases.previous_champion?.version)],
    ['Aliases', aliasText(state)],
    ['Run under way', run === null ? 'none' : html`<a href="/runs/${run}">${run}</a>`],
    ['Last promotion', state.budgets.promoted_at === null ? 'none' : utc(state.budgets.promoted_at)],
    ...(ui === null ? [] : ([['In Temporal', html`<a href="${ui}">the workflow that starts its runs</a>`]] as const)),
  ])}</section>`;
}

function runsSection({ budgets: { runs } }: LedgerState): Html {
  return html`<section aria-labelledby="runs"><h2 id="runs">Runs</h2>${table({
    caption: `The last ${many(Math.min(10, runs.length), 'run')} that ended`,
    head: ['Run', 'Trigger', 'Outcome', 'As of'],
    rows: newestFirst(runs, 10).map(({ run, trigger, outcome, as_of }) => [
      html`<a href="/runs/${run}">${run}</a>`,
      trigger,
      badge(outcome, outcomeTone(outcome)),
      utc(as_of),
    ]),
    empty: 'No run has ended yet. Start one: hone run start <model>.',
  })}</section>`;
}

function historySection(model: string, entries: readonly LedgerEntry[], now: Date): Html {
  return html`<section aria-labelledby="last"><h2 id="last">What happened last</h2>${table({
    caption: 'The newest entries of the ledger',
    head: ['Change', 'By', 'Why', 'When'],
    rows: newestFirst(entries, 8).map(({ change, actor, why, at }) => [
      changeText(change),
      actorName(actor),
      prose(why),
      ago(at, now),
    ]),
    empty: 'Nothing has happened to this model yet.',
  })}<p><a href="/models/${model}/ledger">All of the ledger</a> · <a href="/models/${model}/why">Why it was retrained, and why not</a></p></section>`;
}

/** The columns farthest beyond their limits; the page of drift has all, over time. */
function driftSection(model: string, look: TickReport | undefined): Html | null {
  const drift = look?.drift ?? null;
  if (drift === null) return null;
  const all = byExcess(drift.columns);
  return html`<section aria-labelledby="drifting"><h2 id="drifting">Drift by feature</h2>${table({
    caption: `The ${Math.min(DRIFTING, all.length)} of ${many(all.length, 'column')} farthest beyond their limits; reference: ${drift.reference.name}, ${count(drift.reference.rows)} rows`,
    head: ['Column', 'Verdict', 'PSI', 'Limit with noise', 'Rows now'],
    rows: all
      .slice(0, DRIFTING)
      .map(([name, one]) => [
        name,
        badge(one.verdict, findingTone(one.verdict)),
        number(one.psi),
        number(one.threshold),
        count(one.n_current),
      ]),
    numeric: [2, 3, 4],
    empty: 'No column was judged: there is no reference, or too few rows.',
  })}<p><a href="/models/${model}/drift">Values and course of each column</a></p></section>`;
}

function reviewNote({ version, by, reason, at }: DueReview): Html {
  return html`<p class="notice bad">${by} broke glass for version ${version} at ${utc(at)}: ${reason}. Somebody else has to review it: <code>hone review</code>.</p>`;
}
