/** A model: what answers, how good it is over time, what the machine does, what happened last. */

import { checkService } from '../../monitoring/checks/service-check.ts';
import type { TickReport } from '../../monitoring/contract.ts';
import { aliasText, changeText, routingText } from '../../registry/change-text.ts';
import type { LedgerEntry, LedgerState } from '../../registry/contract.ts';
import { readNodes } from '../../serving/nodes.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../layout.ts';
import { awayNote } from '../parts/away.ts';
import { count, many } from '../parts/numbers.ts';
import { newestFirst } from '../parts/order.ts';
import { actorName, prose } from '../parts/prose.ts';
import { qualitySection, serviceSection } from '../parts/quality.ts';
import { badge, facts, table } from '../parts/table.ts';
import { ago, lasting, utc } from '../parts/time.ts';
import { outcomeTone } from '../parts/tones.ts';
import { openRuns } from '../reads/overview.ts';
import type { Session } from '../sessions.ts';
import type { Sources } from '../sources.ts';
import { orderSection } from './model-orders.ts';

const LOOKS = 30;

export async function modelPage(sources: Sources, session: Session, model: string): Promise<Page> {
  const ledger = await sources.knownLedger(model);
  const read = await sources.lastKnown.read('the store', `model ${model}`, async () => ({
    state: await ledger.state(),
    entries: await sources.entries(model),
    looks: await sources.looks.last(model, LOOKS),
    nodes: (await readNodes(sources.store)).filter(({ models }) => models[model] !== undefined),
  }));
  const runs = await openRuns(sources);
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
${stateSection(model, state, open?.run ?? state.activeRun?.run ?? null)}
${qualitySection(model, looks, entries, config?.gate.primary ?? null)}
${serviceSection(service)}
${runsSection(state)}
${historySection(model, entries, sources.now())}
${config && policySection(config)}
${orderSection(session, model, state, config !== undefined)}`,
  };
}

function sentenceOf(state: LedgerState, look: TickReport | undefined, waitingFor: string | null): string {
  const live =
    state.routing.arms.length === 0
      ? 'No version is live yet.'
      : `${capital(routingText(state))} ${state.routing.arms.length > 1 ? 'answer' : 'answers'}.`;
  const open = look?.open_incidents.length ?? 0;
  const alarm = open === 0 ? '' : `${many(open, 'incident')} ${open === 1 ? 'is' : 'are'} open. `;
  const seen = look === undefined ? 'Nobody has looked at it yet.' : `${alarm}${look.sentence}`;
  const next =
    waitingFor !== null
      ? `A run waits for ${waitingFor}.`
      : state.activeRun !== null
        ? `${state.activeRun.run} is under way.`
        : 'No run is under way.';
  return `${live} ${seen} ${next}`;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function stateSection(model: string, state: LedgerState, run: string | null): Html {
  const version = (n: number | undefined) =>
    n === undefined ? 'none' : html`<a href="/models/${model}/versions/${n}">version ${n}</a>`;
  return html`<section aria-labelledby="now"><h2 id="now">Now</h2>${facts([
    ['Answers predictions', routingText(state)],
    ['Champion', version(state.aliases.champion?.version)],
    ['Champion before', version(state.aliases.previous_champion?.version)],
    ['Aliases', aliasText(state)],
    ['Run under way', run === null ? 'none' : html`<a href="/runs/${run}">${run}</a>`],
    ['Last promotion', state.budgets.promoted_at === null ? 'none' : utc(state.budgets.promoted_at)],
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

type Config = NonNullable<ReturnType<Sources['workspace']['models']['get']>>['config'];

function policySection({ triggers, approval, gate, deploy }: Config): Html {
  const { schedule, limits } = triggers;
  const { approvers, from, deadline } = approval.otherwise;
  return html`<section aria-labelledby="policy"><h2 id="policy">Policy</h2>${facts([
    ['Schedule', schedule.enabled ? `${schedule.cron} (${schedule.timezone})` : 'off'],
    [
      'Limits',
      `${many(limits.per_week, 'run')} a week, ${lasting(limits.cool_down)} between runs, ${count(limits.min_new_labels)} new labels`,
    ],
    ['Gate', `${gate.primary}, promoted when ${gate.champion.promote_when.replace('_', '-')}`],
    ['Approval', `${approvers} of ${from.join(', ')} within ${lasting(deadline)}`],
    ['Canary', `${deploy.canary.steps.join(', ')} %, ${lasting(deploy.canary.bake)} each`],
  ])}</section>`;
}
