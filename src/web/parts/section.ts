/** A section of the packet, also where another page shows the same. */
import type { Section } from '../../gate/sections.ts';
import { type Html, html } from '../html.ts';
import { prose } from './prose.ts';
import { badge, table } from './table.ts';

export function sectionOf({ title, lines, table: figures }: Section, id: string): Html {
  const numeric = figures?.head.map((_, column) => column).slice(1) ?? [];
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${lines.length > 0 && html`<ul class="lines">${lines.map((line) => html`<li>${lineOf(line)}</li>`)}</ul>`}
${figures && figures.rows.length > 0 && table({ caption: `${title}, in numbers`, head: figures.head, rows: figures.rows, numeric: title === 'Figures' ? numeric : [] })}</section>`;
}

const MARKS = {
  Against: 'bad',
  For: 'good',
  FAILED: 'bad',
  CAUTION: 'warn',
  undecided: 'warn',
  passed: 'good',
} as const;

/** The word that a line starts with becomes a mark; the rest stays as it is. */
function lineOf(line: string): Html {
  const word = (Object.keys(MARKS) as (keyof typeof MARKS)[]).find((one) => new RegExp(`^${one}[: ]`).test(line));
  if (word === undefined) return prose(line);
  return html`${badge(word.toLowerCase(), MARKS[word])} ${prose(line.slice(word.length).replace(/^:? /, ''))}`;
}
