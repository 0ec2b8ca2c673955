/** A tagged template that escapes everything but what another template made: names and reasons come from strangers. */
import { escapeHtml } from '../drift/report/escape-html.ts';

/** Text that is markup already. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Html | string | number | null | undefined | false | readonly Content[];

/** Values are escaped for text and for quoted attributes; lists are joined, null, undefined and false show nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(parts.map((part, i) => part + (i < values.length ? shown(values[i]) : '')).join(''));
}

/** For markup made by another renderer of ours that escapes by itself, such as the pictures of `hone drift`. */
export const trusted = (markup: string): Html => new Html(markup);

export const nothing = new Html('');

function shown(value: Content): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(shown).join('');
  return escapeHtml(String(value));
}
