/** The ledger of a model: filtered, paged, exported, its chain checked on demand. */
import { changeText } from '../../registry/change-text.ts';
import type { LedgerEntry } from '../../registry/contract.ts';
import type { Verification } from '../../registry/verify.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../layout.ts';
import { count, many } from '../parts/numbers.ts';
import { actorName, prose } from '../parts/prose.ts';
import { badge, table } from '../parts/table.ts';
import { utc } from '../parts/time.ts';
import type { Sources } from '../sources.ts';

const PAGE = 100;

export interface LedgerFilter {
  readonly q?: string | undefined;
  readonly kind?: string | undefined;
  /** Entries before this one. */
  readonly before?: string | undefined;
  readonly check?: string | undefined;
}

export async function ledgerPage(sources: Sources, model: string, filter: LedgerFilter): Promise<Page> {
  const ledger = await sources.knownLedger(model);
  const entries = await sources.entries(model);
  const checked = filter.check === undefined ? null : await ledger.verify();
  const found = fitting(entries, filter);
  const before = Number(filter.before) || Number.POSITIVE_INFINITY;
  const shown = found
    .filter(({ seq }) => seq < before)
    .slice(-PAGE)
    .reverse();
  const last = entries.at(-1);
  const oldest = shown.at(-1)?.seq;
  const more = oldest !== undefined && found.some(({ seq }) => seq < oldest);
  return {
    title: `Ledger of ${model}`,
    model,
    section: 'Ledger',
    crumbs: [
      ['Models', '/'],
      [model, `/models/${model}`],
    ],
    attention: checked?.ok === false,
    sentence: html`${last === undefined ? 'Nothing has happened to this model yet.' : `${many(entries.length, 'change')}, the last one by ${last.actor} as of ${utc(last.as_of)}: ${changeText(last.change)}.`} ${checkedText(checked)}`,
    body: html`${form(model, entries, filter)}
<p>${checked === null && html`<a href="/models/${model}/ledger?check=chain">Check its chain now</a> · `}<a href="/models/${model}/ledger.jsonl?${query(filter)}">Export as JSON lines</a> · <a href="/models/${model}/ledger.csv?${query(filter)}">as CSV</a></p>
${table({
  caption: `${many(found.length, 'entry').replace('entrys', 'entries')}${filter.q || filter.kind ? ' that fit' : ''}, newest first`,
  head: ['No.', 'Change', 'By', 'Why', 'As of', 'Written'],
  rows: shown.map(({ seq, change, actor, trust, why, as_of, at }) => [
    count(seq),
    'run' in change && change.run !== null
      ? html`<a href="/runs/${change.run}">${changeText(change)}</a>`
      : changeText(change),
    html`${actorName(actor)} ${badge(trust, trust === 'signed' || trust === 'principal' ? 'good' : 'plain')}`,
    prose(why),
    utc(as_of),
    utc(at),
  ]),
  empty: 'No entry fits. Take the filter away to see all.',
})}${more && html`<p><a href="/models/${model}/ledger?${query({ ...filter, before: String(oldest) })}">Older entries</a></p>`}`,
  };
}

/** Entries that a filter lets through, oldest first. */
export function fitting(entries: readonly LedgerEntry[], { q = '', kind = '' }: LedgerFilter): LedgerEntry[] {
  const words = q.trim().toLowerCase();
  return entries.filter(
    ({ change, actor, why }) =>
      (kind === '' || change.kind === kind) && `${actor} ${why} ${changeText(change)}`.toLowerCase().includes(words),
  );
}

function form(model: string, entries: readonly LedgerEntry[], { q = '', kind = '' }: LedgerFilter): Html {
  const kinds = [...new Set(entries.map(({ change }) => change.kind))].sort();
  return html`<form class="filter" method="get" action="/models/${model}/ledger"><label>Who, why or what <input name="q" value="${q}"></label>
<label>Change <select name="kind"><option value="">all</option>${kinds.map((one) => html`<option value="${one}"${one === kind && html` selected`}>${one.replaceAll('_', ' ')}</option>`)}</select></label> <button>Filter</button></form>`;
}

function checkedText(checked: Verification | null): string {
  if (checked === null) return 'Its chain is checked when you ask for it.';
  if (checked.ok)
    return `Checked now: ${many(checked.entries, 'link')}, an unbroken chain${checked.head === null ? '' : ` up to ${checked.head.slice(0, 8)}`}.`;
  return `Broken after entry ${checked.entries}: ${checked.problem} Serving goes on; nothing is promoted. Restore the object from backup.`;
}

function query(filter: LedgerFilter): string {
  const set = Object.entries(filter).filter((pair): pair is [string, string] => Boolean(pair[1]));
  return new URLSearchParams(set).toString();
}

/** One line an entry, as it is stored. */
export function ledgerJsonLines(entries: readonly LedgerEntry[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

const COLUMNS = ['seq', 'at', 'as_of', 'actor', 'trust', 'change', 'why', 'effectId', 'prev'] as const;

/** RFC 4180; a text that a spreadsheet would calculate gets an apostrophe before it. */
export function ledgerCsv(entries: readonly LedgerEntry[]): string {
  const cell = (value: unknown) => {
    const text = String(value ?? '');
    return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  };
  const row = (entry: LedgerEntry) =>
    COLUMNS.map((name) => cell(name === 'change' ? changeText(entry.change) : entry[name])).join(',');
  return [COLUMNS.join(','), ...entries.map(row), ''].join('\r\n');
}
