/** From a CloudEvent to the trigger that it is for a model, by the rules of the model's file. Pure. */
import type { ModelConfig } from '../config/model.ts';
import { digestOf } from '../store/content.ts';
import type { Trigger } from '../workflows/contract.ts';
import type { CloudEvent } from './cloud-event.ts';
import { impossibleDemand } from './demands.ts';
import { EventRefused } from './errors.ts';

export interface ReceivedEvent {
  readonly event: CloudEvent;
  /** Who signed it. */
  readonly by: string;
}

/** Evidence under which the owner keeps what an event was, so that another one with its id is noticed. */
export const CONTENT = 'content';

/**
 * One event is one trigger, by source and id. Its time is that of the evidence where it is not later than `asOf`.
 *
 * @param asOf the logical time now
 * @throws EventRefused for a type that the file does not take, and for what the file requires and the event lacks
 */
export function eventTrigger(
  { event, by }: ReceivedEvent,
  config: ModelConfig,
  asOf: string,
): Trigger & { eventId: string } {
  if (event.subject !== config.model)
    throw new EventRefused(`it is about ${JSON.stringify(event.subject)}, not about ${config.model}`, 'subject');
  const [name, rule] = ruleOf(event.type, config);
  const { since, slice, reason } = event.data ?? {};
  if (rule.since === 'required' && since === undefined)
    throw new EventRefused(`${name} needs the instant from which on it holds`, 'data.since');
  if (rule.slice === 'required' && slice === undefined)
    throw new EventRefused(`${name} needs the column and value to be judged`, 'data.slice');
  if (since !== undefined && Date.parse(since) > Date.parse(asOf))
    throw new EventRefused(`${since} is still to come, so no row could show it (it is ${asOf})`, 'data.since');
  const impossible = impossibleDemand(config, { slice });
  if (impossible !== null) throw new EventRefused(impossible, 'data.slice.column');

  const from = since === undefined ? {} : { since: utc(since) };
  const told = event.time === undefined || Date.parse(event.time) > Date.parse(asOf) ? {} : { as_of: utc(event.time) };
  return {
    kind: 'event',
    reason: reasonOf(name, event, reason),
    by,
    eventId: `event/${digestOf({ source: event.source, id: event.id })}`,
    evidence: {
      event: name,
      type: event.type,
      source: event.source,
      id: event.id,
      ...(event.time === undefined ? {} : { time: event.time }),
      ...from,
      [CONTENT]: digestOf({ type: event.type, data: event.data ?? null }),
    },
    ...told,
    ...(rule.approval === 'person' || slice ? { demand: { ...from, ...(slice ? { slice } : {}) } } : {}),
  };
}

function ruleOf(type: string, { model, triggers }: ModelConfig) {
  const rules = Object.entries(triggers.events).flatMap(([name, rule]) =>
    rule === 'off' ? [] : [[name, rule] as const],
  );
  const found = rules.find(([, rule]) => rule.type === type);
  if (found) return found;
  const known = rules.map(([, rule]) => rule.type).join(', ') || 'none';
  throw new EventRefused(`${model} takes no event of type ${JSON.stringify(type)}; it takes: ${known}`, 'type');
}

function reasonOf(name: string, { source, id, data }: CloudEvent, given: string | undefined): string {
  const { since, slice } = data ?? {};
  const about = [
    ...(slice ? [`${slice.column} ${slice.value}`] : []),
    ...(since ? [`since ${utc(since)}`] : []),
    ...(given ? [given] : []),
  ];
  const what = about.length === 0 ? name : `${name}: ${about.join(', ')}`;
  return `${what} (event ${id.slice(0, 60)} of ${source.slice(0, 60)})`.slice(0, 500);
}

const utc = (instant: string): string => new Date(instant).toISOString();
