/** One sender a kind of route. Each returns when the other side has taken the notice. */
import type { NotifyRoute } from '../config/notify.ts';
import { secretOf, signedHeaders } from '../triggers/signature.ts';
import type { Notice } from './contract.ts';
import { NotDelivered, RouteUnusable } from './errors.ts';
import { pagerDuty } from './pager-duty.ts';
import { post, TIMEOUT_MS } from './post.ts';

/** A notice with the addresses that lead to it; a page of this project without one is named by its path. */
export interface Letter {
  readonly notice: Notice;
  readonly links: readonly { readonly name: string; readonly url: string }[];
}

export type Send = (letter: Letter, now: Date) => Promise<void>;

/** @throws RouteUnusable where a variable is missing or no address */
export function senderOf(name: string, route: NotifyRoute, environment: NodeJS.ProcessEnv): Send {
  const read = (variable: string): string => {
    const value = environment[variable];
    if (!value) throw new RouteUnusable(name, variable, 'is not set or empty');
    return value;
  };
  const address = (variable: string, protocols: readonly string[]): string => {
    const value = read(variable);
    const url = URL.canParse(value) ? new URL(value) : null;
    if (url === null || !protocols.includes(url.protocol))
      throw new RouteUnusable(
        name,
        variable,
        `is no address that begins with ${protocols.map((one) => `${one}//`).join(' or ')}`,
      );
    return value;
  };
  switch (route.type) {
    case 'slack':
      return slack(name, address(route.url_env, ['https:', 'http:']));
    case 'mail':
      return mail(name, route, address(route.smtp_env, ['smtp:', 'smtps:']));
    case 'cloudevents': {
      const secret = secretOf(read(route.key_env));
      if (typeof secret === 'string') throw new RouteUnusable(name, route.key_env, secret);
      return cloudEvents(name, address(route.url_env, ['https:', 'http:']), secret);
    }
    case 'pagerduty':
      return pagerDuty(name, read(route.key_env), route.url);
  }
}

function slack(name: string, url: string): Send {
  return async ({ notice, links }) => {
    const head = `${MARK[notice.severity]} *${escapeSlack(notice.model)}* · ${escapeSlack(titleOf(notice))}`;
    const more = links
      .map(({ name: what, url: to }) =>
        URL.canParse(to) ? `<${to}|${escapeSlack(what)}>` : `${escapeSlack(what)}: ${to}`,
      )
      .join(' · ');
    const text = [head, escapeSlack(notice.sentence), ...(more === '' ? [] : [more])].join('\n');
    const body = {
      text: `${notice.type}: ${escapeSlack(notice.sentence)}`,
      blocks: [{ type: 'section', text: { type: 'mrkdwn', text } }],
    };
    await post(name, url, { 'content-type': 'application/json' }, JSON.stringify(body));
  };
}

/** A chat cannot be told to change a message: later ones name the incident that they belong to. */
function titleOf({ model, type, thread }: Notice): string {
  const name = thread.startsWith(`${model}/`) ? thread.slice(model.length + 1) : thread;
  return type.startsWith('incident.') ? `incident ${name} ${type.slice('incident.'.length)}` : type;
}

const MARK = { info: '🔹', warn: '⚠️', page: '🚨' } as const;

/** Slack's three. Names of models and columns, and reasons that people wrote, may hold anything. */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function mail(name: string, route: Extract<NotifyRoute, { type: 'mail' }>, smtp: string): Send {
  return async ({ notice, links }) => {
    const { createTransport } = await import('nodemailer');
    const transport = createTransport(smtp, { connectionTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS } as object);
    const thread = `<thread-${idOf(notice.thread)}@hone>`;
    try {
      await transport.sendMail({
        ...{ from: route.from, to: route.to },
        subject: `[${notice.severity}] ${notice.model}: ${titleOf(notice)}`,
        // The same notice sent again has the same id: mail programs show it once.
        messageId: `<${idOf(notice.id)}@hone>`,
        references: thread,
        inReplyTo: thread,
        text: [
          notice.sentence,
          '',
          ...links.map((link) => `${link.name}: ${link.url}`),
          '',
          `${notice.id}, ${notice.as_of}`,
        ].join('\n'),
      });
    } catch (error) {
      throw new NotDelivered(name, (error as Error).message);
    } finally {
      transport.close();
    }
  };
}

const idOf = (text: string): string => text.replaceAll(/[^A-Za-z0-9.-]/g, '-');

/** Signed as Standard Webhooks says: HMAC-SHA-256 over id, time and body. */
function cloudEvents(name: string, url: string, secret: Buffer): Send {
  return async ({ notice, links }, now) => {
    const body = JSON.stringify({
      specversion: '1.0',
      id: notice.id,
      source: `/hone/models/${notice.model}`,
      type: `dev.hone.${notice.type}.v1`,
      subject: notice.model,
      time: now.toISOString(),
      datacontenttype: 'application/json',
      // Of the CloudEvents extension `sequence`: ascending for each source.
      sequence: String(notice.seq).padStart(9, '0'),
      data: { ...notice, links },
    });
    const signed = signedHeaders(secret, notice.id, now, body);
    await post(name, url, { 'content-type': 'application/cloudevents+json', ...signed }, body);
  };
}
