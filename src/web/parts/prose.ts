/** Sentences of hone, in which commands stand between back-ticks. */
import { type Html, html } from '../html.ts';

export function prose(text: string): Html {
  return html`${text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}
