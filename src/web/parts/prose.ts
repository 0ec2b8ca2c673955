/**
 * Sentences of hone as people read them: commands between back-ticks, times and durations in words, long digests short,
 * runs as links. What strangers wrote stays text.
 */
import { type Html, html } from '../html.ts';
import { lasting, utcTime } from './time.ts';

/** An instant, a duration, a digest and a run's id, in this order; nothing else of a sentence is touched. */
const KNOWN = new RegExp(
  [
    String.raw`(?<instant>\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z)`,
    String.raw`(?<duration>\bP(?:\d+[WD]|T(?:\d+(?:\.\d+)?[HMS])+)(?!\w|\.\d))`,
    String.raw`(?<digest>\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b)`,
    String.raw`(?<run>\b[a-z][a-z0-9-]*-\d{6}\b)`,
  ].join('|'),
  'g',
);
const SHORT = 12;

export function prose(text: string): Html {
  return html`${text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : known(part)))}`;
}

/** A person or a run: a run is a link to its page. */
export function actorName(name: string): Html {
  return /^[a-z][a-z0-9-]*-\d{6}$/.test(name) ? runLink(name) : html`${name}`;
}

/** The beginning of a digest; hovering shows all of it. */
export function shortDigest(digest: string): Html {
  return html`<code title="${digest}">${digest.slice(0, SHORT)}</code>`;
}

const runLink = (run: string): Html => html`<a href="/runs/${run}">${run}</a>`;

function known(said: string): Html {
  const text = said.replace(
    /\b(\d+) (\w+)\(s\)/g,
    (_, n: string, what: string) => `${n} ${what}${n === '1' ? '' : 's'}`,
  );
  const found: (Html | string)[] = [];
  let from = 0;
  for (const match of text.matchAll(KNOWN)) {
    const { instant, duration, digest, run } = match.groups ?? {};
    found.push(text.slice(from, match.index));
    if (instant !== undefined) found.push(utcTime(instant));
    else if (duration !== undefined) found.push(lasting(duration));
    else if (digest !== undefined) found.push(shortDigest(digest));
    else if (run !== undefined) found.push(runLink(run));
    from = match.index + match[0].length;
  }
  return html`${found}${text.slice(from)}`;
}
