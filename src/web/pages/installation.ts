/** What all models share: who works for them, who serves them, who is told, and whose keys count. Read only. */
import type { Liveness } from '../../client/liveness.ts';
import { idleSentences } from '../../client/liveness.ts';
import type { HoneConfig } from '../../config/hone.ts';
import { isHeardFrom } from '../../monitoring/checks/service-check.ts';
import type { NodeRecord } from '../../serving/contract.ts';
import { readNodes } from '../../serving/nodes.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../layout.ts';
import { awayNote } from '../parts/away.ts';
import { count, many, number, percent } from '../parts/numbers.ts';
import { prose } from '../parts/prose.ts';
import { badge, facts, table } from '../parts/table.ts';
import { ago, lasting, span, utc } from '../parts/time.ts';
import type { Known } from '../reads/last-known.ts';
import { type RouteState, routesState } from '../reads/routes-state.ts';
import { workNow } from '../reads/work.ts';
import type { Sources } from '../sources.ts';

/** @param visible models that the person may see */
export async function installationPage(sources: Sources, visible: (model: string) => boolean): Promise<Page> {
  const { workspace, store, client, lastKnown, shared, now } = sources;
  const models = [...workspace.models.keys()].filter(visible);
  const [work, known] = await Promise.all([
    workNow(sources),
    lastKnown.read('the store', `installation ${models.join()}`, () =>
      shared(`installation ${models.join()}`, async () => ({
        nodes: await readNodes(store),
        routes: await routesState(sources, models),
      })),
    ),
  ]);
  const { nodes = [], routes = [] } = known?.value ?? {};
  const at = now();
  const servers = nodes.filter((node) => Object.keys(node.models).some(visible));
  const wrong = [
    ...(work === null || work.away !== null ? ['Temporal does not answer, so nothing new starts.'] : []),
    ...(work !== null && work.away === null ? idleSentences(work.value).filter((_, i) => i < 3) : []),
    ...servers.flatMap((one) => {
      if (!isHeardFrom(one, at.toISOString())) return [`${one.node} is silent since ${one.at}.`];
      const unready = Object.entries(one.models).filter(([model, { ready }]) => visible(model) && !ready);
      return unready.map(([model]) => `${one.node} is not ready to answer for ${model}.`);
    }),
    ...servers.flatMap(({ node, beyond_limits }) => (beyond_limits ?? []).map((sentence) => `${node}: ${sentence}`)),
    ...routes.flatMap(({ name, failing, since }) =>
      failing.length > 0 ? [`Notices by ${name} do not get through since ${since}.`] : [],
    ),
  ];
  return {
    title: 'Installation',
    live: true,
    attention: wrong.length > 0,
    sentence:
      wrong.length > 0
        ? prose(wrong.join(' '))
        : `Nothing needs you: workers take work, ${many(servers.length, 'prediction server')} ${servers.length === 1 ? 'is' : 'are'} known and ${many(routes.length, 'way')} to people ${routes.length === 1 ? 'is' : 'are'} open.`,
    body: html`${awayNote(work, 'workers and schedules')}${awayNote(known, 'servers and ways to people')}
${workSection(work, visible, at)}
${serversSection(servers, visible, at)}
${routesSection(routes)}
${partsSection(workspace.hone, store.uri, client.address)}
${keysSection(workspace.hone)}`,
  };
}

function workSection(work: Known<Liveness> | null, visible: (model: string) => boolean, now: Date): Html {
  const { queues = [], regular = [] } = work?.value ?? {};
  const shown = regular.filter(({ model }) => model === null || visible(model));
  const late = shown.filter((one) => one.late);
  return html`<section aria-labelledby="work"><h2 id="work">Workers and regular work</h2>${table({
    caption: 'Task queues; a worker counts for five minutes after it asked for work',
    head: ['Queue', 'Takes', 'Workers', 'State'],
    rows: queues.map(({ queue, kind, pollers }) => [
      queue,
      kind === 'workflow' ? 'workflows' : 'activities',
      count(pollers),
      badge(pollers > 0 ? 'at work' : 'nobody', pollers > 0 ? 'good' : 'bad'),
    ]),
    numeric: [2],
    empty: 'Not known while Temporal does not answer.',
  })}${table({
    caption: `${many(shown.length, 'schedule')} of looks and upkeep${late.length > 0 ? `, ${late.length} late` : ''}; the late ones first`,
    head: ['What', 'Every', 'Came last to its end', 'State'],
    rows: [...late, ...shown.filter((one) => !one.late)]
      .slice(0, 30)
      .map(({ type, model, every_ms, last, late: isLate }) => [
        model === null ? type : html`${type} of <a href="/models/${model}">${model}</a>`,
        every(every_ms),
        last === null ? 'not lately' : ago(last, now),
        badge(isLate ? 'late' : 'in time', isLate ? 'bad' : 'good'),
      ]),
    empty: 'None is planned. `hone config apply` plans them.',
  })}${shown.length > 30 && html`<p>And ${count(shown.length - 30)} more: <code>hone doctor --json</code>.</p>`}</section>`;
}

const every = (ms: number): string => lasting(`PT${ms / 1000}S`);

function serversSection(servers: readonly NodeRecord[], visible: (model: string) => boolean, now: Date): Html {
  const rows = servers.map((node) => {
    const { service, at, models } = node;
    const heard = isHeardFrom(node, now.toISOString());
    const own = Object.entries(models).filter(([model]) => visible(model));
    const unready = own.filter(([, { ready }]) => !ready).length;
    const reading = heard ? service : undefined;
    return [
      node.node,
      heard
        ? badge(unready > 0 ? `not ready for ${many(unready, 'model')}` : 'ready', unready > 0 ? 'bad' : 'good')
        : badge('silent', 'bad'),
      ago(at, now),
      count(own.length),
      reading?.p99_ms == null ? '–' : `${number(reading.p99_ms)} ms`,
      reading === undefined || reading.requests === 0 ? '–' : percent(reading.errors / reading.requests),
      reading === undefined ? '–' : `${count(reading.requests)} in ${span(reading.window_s)}`,
    ];
  });
  return html`<section aria-labelledby="servers"><h2 id="servers">Prediction servers</h2>${table({
    caption: 'As each wrote last; a server that stopped in order leaves the list',
    head: ['Server', 'State', 'Heard from', 'Models', 'p99 latency', 'Errors', 'Requests'],
    rows,
    numeric: [3, 4, 5, 6],
    empty: 'No prediction server of hone runs. Start one: hone up, or hone serve.',
  })}${faults(servers, visible)}</section>`;
}

/** Versions that a server could not load, with its own words. */
function faults(servers: readonly NodeRecord[], visible: (model: string) => boolean): Html | null {
  const failed = servers.flatMap(({ node, models }) =>
    Object.entries(models)
      .filter(([model]) => visible(model))
      .flatMap(([model, { failed: own }]) => own.map((one) => ({ node, model, ...one }))),
  );
  if (failed.length === 0) return null;
  return html`<ul class="lines">${failed
    .slice(0, 20)
    .map(
      ({ node, model, version, reason }) =>
        html`<li>${node} cannot load <a href="/models/${model}/versions/${version}">version ${version} of ${model}</a>: ${prose(reason)}</li>`,
    )}</ul>`;
}

function routesSection(routes: readonly RouteState[]): Html {
  return html`<section aria-labelledby="routes"><h2 id="routes">Ways to people</h2>${table({
    caption: 'Routes of notify in config/hone.yaml',
    head: ['Route', 'Kind', 'Takes', 'State', 'Given up'],
    rows: routes.map(({ name, type, takes, failing, since, error, dead }) => [
      name,
      type,
      takes,
      failing.length === 0
        ? badge('gets through', 'good')
        : html`${badge('does not get through', 'bad')} since ${utc(since ?? '')}, for ${failing.slice(0, 5).join(', ')}: ${error}`,
      dead === 0 ? '0' : html`${count(dead)}: <code>hone notify replay ${name}</code>`,
    ]),
    empty: 'Nobody is told of anything: config/hone.yaml has no notify.',
  })}</section>`;
}

function partsSection({ profile, clock, temporal, groups }: HoneConfig, store: string, address: string): Html {
  return html`<section aria-labelledby="parts"><h2 id="parts">Parts</h2>${facts([
    ['Profile', profile === 'local' ? 'local: one person on this machine' : 'production: everybody signs in'],
    ['Store', store],
    ['Temporal', html`${address}, namespace ${temporal.namespace}`],
    ['Its own pages', temporal.ui ? html`<a href="${temporal.ui}">${temporal.ui}</a>` : 'none named'],
    ['Time', clock === 'wall' ? 'of the clock' : 'logical: what the store says, for replays'],
    ...Object.entries(groups).map(([name, people]) => [`Group ${name}`, people.join(', ')] as const),
  ])}</section>`;
}

function keysSection({ people }: HoneConfig): Html {
  const rows = Object.entries(people ?? {}).flatMap(([name, { keys }]) =>
    keys.map(({ id, since, retired, revoked }) => [
      name,
      html`<code>${id}</code>`,
      utc(since),
      revoked !== undefined
        ? html`${badge('revoked', 'bad')} ${revoked.reason}`
        : retired !== undefined
          ? badge(`retired ${retired.slice(0, 10)}`)
          : badge('counts', 'good'),
    ]),
  );
  return html`<section aria-labelledby="keys"><h2 id="keys">Keys that sign decisions</h2>${table({
    caption: 'Public keys by their ids; private ones never come here',
    head: ['Person', 'Key', 'Since', 'State'],
    rows,
    empty: 'Nobody has one. Make one: hone identity enrol <name>.',
  })}</section>`;
}
