/**
 * PagerDuty: one alert of theirs for each incident of ours, by its key, closed when ours is over.
 *
 * @see Events API v2: POST /v2/enqueue with routing_key, event_action, dedup_key and payload; 202 when it is taken
 */
import { INCIDENT_OVER } from './choose.ts';
import type { Notice } from './contract.ts';
import { post } from './post.ts';
import type { Letter, Send } from './senders.ts';

const ADDRESS = 'https://events.pagerduty.com/v2/enqueue';
const SEVERITY = { info: 'info', warn: 'warning', page: 'critical' } as const;
/** Their limits, in characters. */
const [SUMMARY, KEY] = [1024, 255];

/** @param address default: PagerDuty's own */
export function pagerDuty(name: string, routingKey: string, address: string = ADDRESS): Send {
  return async ({ notice, links }) => {
    const body = JSON.stringify({ routing_key: routingKey, ...eventOf(notice, links) });
    await post(name, address, { 'content-type': 'application/json' }, body);
  };
}

export function eventOf(notice: Notice, links: Letter['links']): Readonly<Record<string, unknown>> {
  const { model, type, severity, thread, sentence, as_of, run } = notice;
  // Changes by hand share a thread and are no one trouble.
  const trouble = thread === `${model}/changes` ? notice.id : thread;
  const dedup_key = `hone/${trouble.startsWith(`${model}/`) ? '' : `${model}/`}${trouble}`.slice(0, KEY);
  if (type === INCIDENT_OVER) return { event_action: 'resolve', dedup_key };
  return {
    event_action: 'trigger',
    dedup_key,
    client: 'hone',
    payload: {
      summary: sentence.slice(0, SUMMARY),
      source: model,
      severity: SEVERITY[severity],
      timestamp: as_of,
      component: model,
      class: type,
      custom_details: { notice: notice.id, ...(run === null ? {} : { run }) },
    },
    links: links.flatMap(({ name, url }) => (URL.canParse(url) ? [{ href: url, text: name }] : [])),
  };
}
