/** What every request must be before anything is read: meant for this host, and, where it changes something, sent by our own page. */
import type { FastifyRequest } from 'fastify';
import { PageRefused } from './errors.ts';
import { csrfFits, type Session } from './sessions.ts';

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/** Against names that somebody else points at this machine (DNS rebinding). @throws PageRefused */
export function checkHost(request: FastifyRequest, hosts: readonly string[], local: boolean): void {
  const host = request.headers.host ?? '';
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (hosts.includes(host.toLowerCase()) || (local && LOOPBACK_NAMES.includes(name))) return;
  throw new PageRefused(
    421,
    'These pages are not served under this name. The names are in web.hosts of config/hone.yaml.',
  );
}

/**
 * Of a POST: sent from our own page, within a session, with that session's token. @throws PageRefused
 *
 * The origin has to be ours to the port: cookies do not tell ports apart.
 */
export function checkSender(request: FastifyRequest, session: Session | null): Session {
  const { origin } = request.headers;
  const from = request.headers['sec-fetch-site'];
  const ours = origin === undefined ? from === 'same-origin' : hostOf(origin) === request.headers.host;
  if (!ours || (from !== undefined && from !== 'same-origin'))
    throw new PageRefused(
      403,
      'This came from another page than ours, so nothing was done. Open the page here and send it from there.',
    );
  if (session === null)
    throw new PageRefused(401, 'You are not signed in, so nothing was done. Sign in, then send it again.');
  const { csrf } = (request.body ?? {}) as { csrf?: unknown };
  if (!csrfFits(session, csrf))
    throw new PageRefused(
      403,
      'This form is not from your session, so nothing was done. Load the page again, then send it.',
    );
  return session;
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
