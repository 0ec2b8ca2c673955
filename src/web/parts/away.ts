/** Says that what is shown is not from now, and from when it is. */
import { type Html, html } from '../html.ts';
import type { Known } from '../reads/last-known.ts';
import { utcTime } from './time.ts';

/** @param what is shown, such as `runs under way` */
export function awayNote(known: Known<unknown> | null, what: string): Html | null {
  if (known === null)
    return html`<p class="notice bad">Part of this page is missing: ${what} could not be read, and nothing was read before. Look with <code>hone doctor</code>.</p>`;
  if (known.away === null) return null;
  return html`<p class="notice bad">${known.away}: ${what} are shown as of ${utcTime(known.at.toISOString())}. Look with <code>hone doctor</code>.</p>`;
}
