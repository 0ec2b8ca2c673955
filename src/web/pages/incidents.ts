/** Incidents: what is open, what opened and ended, and what was undone. */
import type { NotifyConfig } from '../../config/notify.ts';
import type { IncidentChange, TickReport } from '../../monitoring/contract.ts';
import { takes } from '../../notifications/choose.ts';
import { RUNBOOKS, runbookOf } from '../../notifications/runbooks.ts';
import { changeText } from '../../registry/change-text.ts';
import type { LedgerEntry } from '../../registry/contract.ts';
import { type Content, type Html, html } from '../html.ts';
import type { Page } from '../layout.ts';
import { awayNote } from '../parts/away.ts';
import { many } from '../parts/numbers.ts';
import { actorName, prose } from '../parts/prose.ts';
import { badge, details, table } from '../parts/table.ts';
import { utc } from '../parts/time.ts';
import { severityTone } from '../parts/tones.ts';
import { overview } from '../reads/overview.ts';
import type { Sources } from '../sources.ts';

const LOOKS = 60;
const SHOWN = 100;
/** More of them are folded away: on a narrow screen each takes half of it. */
const OPEN_ROWS = 20;

export async function incidentsPage(sources: Sources, model: string): Promise<Page> {
  await sources.knownLedger(model);
  const [looks, entries] = [await sources.looks.last(model, LOOKS), await sources.entries(model)];
  const open = looks[0]?.open_incidents ?? [];
  const now = openNow(looks);
  const worst =
    open.length === 0
      ? 'Nothing is open, so nothing needs you.'
      : `${many(open.length, 'incident')} ${open.length === 1 ? 'is' : 'are'} open: ${now
          .slice(0, 3)
          .map(({ incident, since }) => `${incident}${since === null ? '' : ` since ${since.slice(0, 10)}`}`)
          .join(
            ', ',
          )}${now.length > 3 ? ', …' : ''}. ${now.some(({ severity }) => severity === 'page') ? 'It pages somebody; look now.' : 'Nobody is paged for it.'}`;
  const undone = entries.filter(isUndone);
  const seen = looks[0] === undefined ? 'Nobody has looked yet.' : `The last look was as of ${utc(looks[0].as_of)}.`;
  return {
    title: `Incidents of ${model}`,
    model,
    section: 'Incidents',
    crumbs: [
      ['Models', '/'],
      [model, `/models/${model}`],
    ],
    live: true,
    attention: open.length > 0,
    sentence: `${worst} ${seen} ${undone.length === 0 ? 'No version was ever taken back.' : `Versions were taken back ${many(undone.length, 'time')}.`}`,
    body: html`${openSection(model, now, sources.workspace.hone.notify)}
${alerts(looks, new Set(open))}
<section aria-labelledby="undone"><h2 id="undone">Rollbacks, undone rollouts and failed runs</h2>${table({
      caption: `The newest ${SHOWN} at most`,
      head: ['What', 'By', 'Why', 'As of'],
      rows: undone
        .slice(-SHOWN)
        .reverse()
        .map(({ change, actor, why, as_of }) => [linked(change), actorName(actor), prose(why), utc(as_of)]),
      empty: 'None.',
    })}</section>`,
  };
}

function isUndone({ change }: LedgerEntry): boolean {
  if (change.kind === 'run_ended') return change.outcome === 'failed' || change.outcome === 'rolled_back';
  return change.kind === 'rolled_back' || change.kind === 'rollout_undone' || change.kind === 'lock_released';
}

function linked(change: LedgerEntry['change']): Content {
  return 'run' in change && change.run !== null
    ? html`<a href="/runs/${change.run}">${changeText(change)}</a>`
    : changeText(change);
}

interface OpenIncident {
  readonly incident: string;
  /** Null where it was opened before these looks. */
  readonly since: string | null;
  readonly severity: IncidentChange['severity'];
  readonly sentence: string;
}

/** What is open as of the newest look, each with when it opened and what was said of it last. @param looks newest first */
function openNow(looks: readonly TickReport[]): OpenIncident[] {
  const told = looks.flatMap(({ as_of, actions }) =>
    actions.flatMap((action) => (action.kind === 'alert' ? [{ as_of, ...action }] : [])),
  );
  return (looks[0]?.open_incidents ?? []).map((incident) => {
    const own = told.filter((one) => one.incident === incident);
    const opened = own.find(({ status }) => status === 'opened');
    const last = own.find(({ status }) => status !== 'resolved');
    return {
      incident,
      since: opened?.as_of ?? null,
      severity: last?.severity ?? 'warn',
      sentence: last?.sentence ?? 'It was opened before the looks that are shown here.',
    };
  });
}

function openSection(model: string, open: readonly OpenIncident[], notify: NotifyConfig | undefined): Html | null {
  if (open.length === 0) return null;
  return html`<section aria-labelledby="open"><h2 id="open">Open now</h2>${table({
    caption: 'Each until a look finds that it is over',
    head: ['Incident', 'Severity', 'Since', 'In words', 'Told by', 'What to do'],
    rows: open.map(({ incident, severity, since, sentence }) => {
      const notice = { model, type: 'incident.opened', severity, thread: `${model}/${incident}` };
      const routes = Object.entries(notify?.routes ?? {}).filter(([, route]) => takes(route, notice));
      return [
        incident,
        badge(severity, severityTone(severity)),
        since === null ? 'before these looks' : utc(since),
        prose(sentence),
        routes.map(([name]) => name).join(', ') || 'no way to people takes it',
        adviceOn(runbookOf(notice), notify?.runbooks),
      ];
    }),
  })}</section>`;
}

function adviceOn(runbook: string, base: string | undefined): Html {
  if (base === undefined) return html`<code>${RUNBOOKS}${runbook}</code>`;
  return html`<a href="${new URL(runbook, `${base.replace(/\/$/, '')}/`).href}">runbook</a>`;
}

/** Changes of incidents as the looks told them, newest first. */
function alerts(looks: readonly TickReport[], open: ReadonlySet<string>): Html {
  const rows = looks.flatMap(({ as_of, actions }) =>
    actions.flatMap((action) => (action.kind === 'alert' ? [{ as_of, ...action }] : [])),
  );
  return html`<section aria-labelledby="alerts"><h2 id="alerts">Alerts</h2>
${alertsTable(rows.slice(0, OPEN_ROWS), open, `Of the last ${many(looks.length, 'look')}, newest first`)}
${rows.length > OPEN_ROWS && details(`${Math.min(rows.length, SHOWN) - OPEN_ROWS} more`, alertsTable(rows.slice(OPEN_ROWS, SHOWN), open, 'Earlier ones'))}</section>`;
}

interface AlertRow {
  readonly as_of: string;
  readonly incident: string;
  readonly status: string;
  readonly severity: IncidentChange['severity'];
  readonly sentence: string;
}

function alertsTable(rows: readonly AlertRow[], open: ReadonlySet<string>, caption: string): Html {
  return table({
    caption,
    head: ['Incident', 'State', 'Severity', 'In words', 'As of'],
    rows: rows.map(({ as_of, incident, status, severity, sentence }) => [
      incident,
      html`${badge(status, status === 'resolved' ? 'good' : 'warn')}${status !== 'resolved' && open.has(incident) ? ' still open' : ''}`,
      badge(severity, severityTone(severity)),
      prose(sentence),
      utc(as_of),
    ]),
    empty: 'No alert in the looks so far. Look now: hone monitor run.',
  });
}

/** What is open anywhere. */
export async function allIncidentsPage(sources: Sources, visible: (model: string) => boolean): Promise<Page> {
  const { rows, store } = await overview(sources, visible);
  const open = rows.flatMap(({ model, look }) =>
    (look?.open ?? []).map((incident) => ({ model, ...incident, as_of: look?.as_of ?? '' })),
  );
  const order = ['page', 'warn', 'info'];
  const sorted = open.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  const models = new Set(open.map(({ model }) => model)).size;
  return {
    title: 'Incidents',
    live: true,
    attention: open.length > 0,
    sentence:
      open.length === 0
        ? `Nothing needs you: nothing is open in ${many(rows.length, 'model')}.`
        : `${many(open.length, 'incident')} of ${many(models, 'model')} ${open.length === 1 ? 'is' : 'are'} open. Those that page somebody come first.`,
    body: html`${awayNote(store, 'incidents')}${table({
      caption: 'Open incidents, as the last look at each model found them',
      head: ['Model', 'Incident', 'Severity', 'In words', 'As of'],
      rows: sorted
        .slice(0, SHOWN)
        .map(({ model, incident, severity, sentence, as_of }) => [
          html`<a href="/models/${model}/incidents">${model}</a>`,
          incident,
          badge(severity, severityTone(severity)),
          prose(sentence),
          utc(as_of),
        ]),
      empty: 'Nothing is open.',
    })}${sorted.length > SHOWN && html`<p>And ${sorted.length - SHOWN} more on the pages of their models.</p>`}`,
  };
}
