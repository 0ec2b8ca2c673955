/** The frame of every page: the sentence first, the way back, who you are. */
import { type Content, type Html, html, nothing } from './html.ts';
import type { Session } from './sessions.ts';

export interface Page {
  readonly title: string;
  /** What is the state, does it need me, what happens next. */
  readonly sentence: Content;
  /** Somebody has to do something. */
  readonly attention?: boolean;
  readonly model?: string;
  /** Which entry of the model's menu this is. */
  readonly section?: string;
  /** The way back, outermost first. */
  readonly crumbs?: readonly (readonly [label: string, href: string])[];
  readonly body: Content;
  /** Looks again by itself, also without script. */
  readonly live?: boolean;
}

export interface Frame {
  readonly path: string;
  /** Of what the page says now. */
  readonly digest: string;
  /** Of the assets, so that browsers keep them for ever. */
  readonly version: string;
  readonly production: boolean;
}

const MODEL_MENU = [
  ['', 'Overview'],
  ['/rollout', 'Rollout'],
  ['/drift', 'Drift and inputs'],
  ['/incidents', 'Incidents'],
  ['/ledger', 'Ledger'],
  ['/compare', 'Compare'],
  ['/backtest', 'Backtest'],
  ['/settings', 'Settings'],
] as const;

export function layout(page: Page, session: Session | null, { path, digest, version, production }: Frame): string {
  const live = page.live ?? false;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${page.title} · hone</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/style.css?${version}">
${live && html`<script src="/assets/live.js?${version}" defer></script>`}</head>
<body${live && html` data-live="${path}" data-page="${digest}"`}>
<a class="skip" href="#main">Skip to the content</a>
<header class="top"><nav class="site" aria-label="Site"><a class="brand" href="/">hone</a> <a href="/">Models</a> <a href="/incidents">Incidents</a> <a href="/installation">Installation</a></nav>${session && who(session, production)}</header>
${page.model === undefined ? nothing : modelMenu(page.model, page.section)}
<p id="live" class="quiet" role="status"></p>
<main id="main" tabindex="-1">
${(session?.notices ?? []).map(({ good, text }) => html`<p class="notice ${good ? 'good' : 'bad'}" role="status">${text}</p>`)}
<div id="page">${crumbs(page.crumbs ?? [])}
<h1>${page.title}</h1>
<p class="sentence${page.attention ? ' attention' : ''}">${page.sentence}</p>
${page.body}</div>
</main>
<footer><p>Times are UTC. Every change is in the <em>ledger</em> of its model.</p></footer>
</body></html>
`.text;
}

function crumbs(way: readonly (readonly [string, string])[]): Html {
  if (way.length === 0) return nothing;
  return html`<nav class="crumbs" aria-label="Way back">${way.map(([label, href]) => html`<a href="${href}">${label}</a> <span aria-hidden="true">›</span> `)}</nav>`;
}

function modelMenu(model: string, section: string | undefined): Html {
  const entry = ([path, label]: (typeof MODEL_MENU)[number]) =>
    html`<li><a href="/models/${model}${path}"${label === section && html` aria-current="page"`}>${label}</a></li>`;
  return html`<nav class="menu" aria-label="${model}"><ul>${MODEL_MENU.map(entry)}</ul></nav>`;
}

function who({ person, csrf }: Session, production: boolean): Html {
  if (!production) return html`<p class="who">You are <strong>${person.name}</strong> (this machine)</p>`;
  return html`<form class="who" method="post" action="/sign-out"><input type="hidden" name="csrf" value="${csrf}"><span>You are <strong>${person.name}</strong></span> <button class="link">Sign out</button></form>`;
}
