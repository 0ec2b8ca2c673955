/** Tables and lists of facts, readable with a screen reader and at 360 pixels. */
import { type Content, type Html, html } from '../html.ts';

export interface TableOptions {
  /** What it shows; read out, and visible where `shown`. */
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Content[])[];
  /** Columns of numbers, by position. */
  readonly numeric?: readonly number[];
  readonly empty?: Content;
}

/**
 * The first cell of a row is its header. Wide tables scroll by themselves, with the keyboard too; on a narrow screen each
 * row stands by itself, every value with its title. Roles are named because that look would take them away.
 */
export function table({ caption, head, rows, numeric = [], empty }: TableOptions): Html {
  if (rows.length === 0) return html`<p class="empty">${empty ?? 'Nothing yet.'}</p>`;
  const kind = (i: number) => (numeric.includes(i) ? html` class="n"` : null);
  const cell = (value: Content, i: number) =>
    i === 0
      ? html`<th scope="row" role="rowheader"${kind(i)}>${value}</th>`
      : html`<td role="cell"${kind(i)} data-of="${head[i]}">${value}</td>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table role="table">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${head.map((title, i) => html`<th scope="col" role="columnheader"${kind(i)}>${title}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => html`<tr role="row">${row.map(cell)}</tr>\n`)}</tbody></table></div>`;
}

export function facts(pairs: readonly (readonly [name: string, value: Content])[]): Html {
  return html`<dl class="facts">${pairs.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

export type Tone = 'good' | 'bad' | 'warn' | 'plain' | 'live';

/** A word in a frame: its colour repeats what the word says. */
export function badge(text: string, tone: Tone = 'plain'): Html {
  return html`<span class="badge ${tone}">${text.replaceAll('_', ' ')}</span>`;
}

export function details(summary: string, body: Content): Html {
  return html`<details><summary>${summary}</summary>${body}</details>`;
}
