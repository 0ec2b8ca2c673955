/** Home: what needs somebody first, then every model. */
import { routingText } from '../../registry/change-text.ts';
import { type Html, html, nothing } from '../html.ts';
import type { Page } from '../layout.ts';
import { awayNote } from '../parts/away.ts';
import { many } from '../parts/numbers.ts';
import { prose } from '../parts/prose.ts';
import { badge, table } from '../parts/table.ts';
import { ago, utc } from '../parts/time.ts';
import { outcomeTone } from '../parts/tones.ts';
import type { ServedBy } from '../reads/fleet.ts';
import { isAtRisk, type ModelRow, type Need, overview } from '../reads/overview.ts';
import { idleNow } from '../reads/work.ts';
import type { Sources } from '../sources.ts';

/** More rows than this are searched for, not scrolled to. */
const SHOWN = 250;

const FILTERS = ['all', 'needs you', 'at risk', 'running', 'frozen', 'no version'] as const;

export async function homePage(
  sources: Sources,
  visible: (model: string) => boolean,
  query: { q?: string | undefined; show?: string | undefined },
): Promise<Page> {
  const [{ rows, store, runs }, idle] = await Promise.all([overview(sources, visible), idleNow(sources)]);
  const q = (query.q ?? '').trim().toLowerCase();
  const show = FILTERS.find((name) => name === query.show) ?? 'all';
  const found = rows.filter((row) => fits(row, show) && `${row.model} ${row.owner}`.toLowerCase().includes(q));
  const needs = rows.flatMap((row) => row.needs);
  return {
    title: 'Models',
    live: true,
    attention: needs.length > 0 || idle.length > 0 || runs === null || runs.away !== null,
    sentence: sentenceOf(rows, needs, runs !== null && runs.away === null, idle.length > 0),
    body: html`${awayNote(store, 'the models')}${awayNote(runs, 'runs under way')}${idle.map((sentence) => html`<p class="notice bad">${prose(sentence)}</p>`)}
${needs.length > 0 && needsList(needs, sources.now())}
<section aria-labelledby="all"><h2 id="all">All models</h2>
${filterForm(q, show)}
${table({
  caption: `${many(found.length, 'model')}${q || show !== 'all' ? ' that fit' : ''}, those that need somebody first`,
  head: ['Model', 'Answers', 'Servers', 'Run', 'Next start', 'Monitoring', 'Owner'],
  rows: found.slice(0, SHOWN).map((row) => rowOf(row)),
  empty:
    rows.length === 0
      ? 'There is no model yet. Write one: hone model init <name> --from <your data>.'
      : 'No model fits. Take the filter away to see all.',
})}
${found.length > SHOWN && html`<p>And ${found.length - SHOWN} more: search by name or owner.</p>`}</section>`,
  };
}

function sentenceOf(rows: readonly ModelRow[], needs: readonly Need[], sure: boolean, idle: boolean): string {
  const running = rows.filter(({ open, state }) => open !== null || state.activeRun !== null).length;
  const live = rows.filter(({ state }) => state.aliases.champion !== null).length;
  const atRisk = rows.filter((row) => fits(row, 'at risk')).length;
  const risk =
    atRisk === 0
      ? ''
      : ` ${many(atRisk, 'model')} ${atRisk === 1 ? 'is' : 'are'} at risk: an open incident, drift, or a server that is not well.`;
  const state = `${live} of ${many(rows.length, 'model')} ${live === 1 ? 'answers' : 'answer'} predictions, ${many(running, 'run')} under way.${risk}`;
  if (!sure && needs.length === 0)
    return `Temporal does not answer, so whether a run needs you is not known now. ${state}`;
  if (needs.length === 0 && idle) return `No model needs you, but hone itself does: see the notice below. ${state}`;
  if (needs.length === 0) return `Nothing needs you. ${state}`;
  const first = needs[0];
  const model = new Set(needs.map((need) => need.model)).size;
  return `${many(model, 'model')} ${model === 1 ? 'needs' : 'need'} you. ${state} Next: ${first === undefined ? '' : `${NEXT[first.kind]} ${first.model}`}.`;
}

const NEXT = {
  approval: 'read the packet of',
  inconclusive: 'decide about',
  stuck: 'look at the run of',
  incident: 'look at the incident of',
  server: 'look at the prediction servers of',
} as const;

const NEED_WORD = {
  approval: 'approval',
  inconclusive: 'undecided',
  stuck: 'stuck',
  incident: 'incident',
  server: 'no answer',
} as const;

function needsList(needs: readonly Need[], now: Date): Html {
  return html`<section class="needs" aria-labelledby="needs"><h2 id="needs">Needs you</h2><ul class="todo">${needs
    .slice(0, 30)
    .map(
      ({ kind, model, sentence, href, deadline }) =>
        html`<li>${badge(NEED_WORD[kind], kind === 'incident' || kind === 'server' ? 'bad' : 'warn')} <a href="${href}">${model}</a> <span>${prose(sentence)}${kind === 'approval' && deadline && html` Until ${utc(deadline)} (${ago(deadline, now)}).`}</span></li>`,
    )}</ul>${needs.length > 30 && html`<p>And ${needs.length - 30} more below.</p>`}</section>`;
}

function filterForm(q: string, show: string): Html {
  return html`<form class="filter" method="get" action="/" role="search"><label>Name or owner <input name="q" value="${q}"></label>
<label>Show <select name="show">${FILTERS.map((name) => html`<option${name === show && html` selected`}>${name}</option>`)}</select></label> <button>Filter</button></form>`;
}

function fits(row: ModelRow, show: (typeof FILTERS)[number]): boolean {
  const { needs, open, state } = row;
  if (show === 'needs you') return needs.length > 0;
  if (show === 'at risk') return isAtRisk(row);
  if (show === 'running') return open !== null || state.activeRun !== null;
  if (show === 'frozen') return state.freeze !== null;
  return show === 'no version' ? state.aliases.champion === null : true;
}

function rowOf({ model, owner, state, look, open, served, next }: ModelRow) {
  const { budgets, activeRun } = state;
  const last = budgets.runs.at(-1);
  const run = open?.run ?? activeRun?.run;
  const marks = [state.freeze && badge('frozen', 'warn'), state.paused && badge('paused', 'warn')];
  const since = state.budgets.promoted_at;
  return [
    html`<a href="/models/${model}">${model}</a> ${marks}`,
    state.routing.arms.length === 0
      ? html`<span class="soft">nothing yet</span>`
      : html`${routingText(state)}${since !== null && html` <span class="soft">since ${since.slice(0, 10)}</span>`}`,
    state.aliases.champion === null && served === undefined ? '–' : serversCell(served),
    run !== undefined
      ? html`<a href="/runs/${run}">${open?.stage ?? 'under way'}</a>`
      : last === undefined
        ? '–'
        : html`<a href="/runs/${last.run}">${badge(last.outcome, outcomeTone(last.outcome))}</a>`,
    next === undefined ? '–' : utc(next),
    look === null ? html`<span class="soft">no look yet</span>` : lookCell(model, look),
    owner,
  ];
}

function serversCell(served: ServedBy | undefined): Html {
  if (served === undefined) return html`<span class="soft">none of hone</span>`;
  const { ready, silent, unready, beyond } = served;
  if (ready === 0) return badge(unready > 0 ? 'not ready' : 'silent', 'bad');
  const wrong = [
    unready > 0 ? `${unready} not ready` : '',
    silent > 0 ? `${silent} silent` : '',
    beyond.length > 0 ? 'beyond a limit' : '',
  ].filter((text) => text !== '');
  return wrong.length === 0 ? badge(`${ready} ready`, 'good') : badge(`${ready} ready, ${wrong.join(', ')}`, 'warn');
}

function lookCell(model: string, { open, drift, quality, as_of }: NonNullable<ModelRow['look']>): Html {
  const seen = html` <span class="soft">as of ${as_of.slice(0, 10)}</span>`;
  if (open.length > 0) {
    const worst = open.some(({ severity }) => severity === 'page') ? 'bad' : 'warn';
    return html`<a href="/models/${model}/incidents">${badge(many(open.length, 'incident'), worst)}</a>${seen}`;
  }
  const moved = drift === 'moved' ? badge('drift', 'warn') : nothing;
  return html`${moved} ${badge(quality === 'stable' ? 'quality holds' : `quality ${quality}`, quality === 'stable' ? 'good' : 'plain')}${seen}`;
}
