/** Signing in with a token, and out. In the local profile nobody has to. */
import type { FastifyInstance } from 'fastify';
import type { Pages } from './app.ts';
import { PageRefused } from './errors.ts';
import { checkSender } from './guard.ts';
import { html } from './html.ts';
import type { Page } from './layout.ts';

const TRIES = { rateLimit: { max: 10, timeWindow: '1 minute' } };

export function signInRoutes(app: FastifyInstance, { sources, people, sessions, show, enter, leave }: Pages): void {
  app.get<{ Querystring: { next?: string } }>('/sign-in', async (request, reply) => {
    if (request.session !== null) return reply.redirect('/', 303);
    return show(request, reply, signInPage(request.query.next));
  });
  app.post<{ Body: { token?: unknown; next?: unknown } | undefined }>(
    '/sign-in',
    { config: TRIES },
    async (request, reply) => {
      const { origin, host } = request.headers;
      if (!URL.canParse(origin ?? '') || new URL(origin ?? '').host !== host)
        throw new PageRefused(403, 'This came from another page than ours. Sign in on the page itself.');
      const { token, next } = request.body ?? {};
      const person = typeof token === 'string' ? people.byToken(token) : undefined;
      if (person === undefined) {
        sources.logger.warn({ ip: request.ip }, 'a wrong token at the pages');
        return show(request, reply, signInPage(typeof next === 'string' ? next : undefined, true), 401);
      }
      sources.logger.info({ ip: request.ip, person: person.name }, 'signed in at the pages');
      enter(reply, sessions.start(person, sources.now().getTime()));
      return reply.redirect(ownPath(next), 303);
    },
  );
  app.post('/sign-out', async (request, reply) => {
    sessions.end(checkSender(request, request.session).id);
    leave(reply);
    return reply.redirect('/sign-in', 303);
  });
}

/** Only a path of ours: never another site. */
export function ownPath(next: unknown): string {
  return typeof next === 'string' && /^\/(?![/\\])[\w\-./?=&%@]*$/.test(next) ? next : '/';
}

function signInPage(next: string | undefined, wrong = false): Page {
  return {
    title: 'Sign in',
    attention: wrong,
    sentence: wrong
      ? 'This token is not known. Ask whoever keeps config/hone.yaml for yours.'
      : 'You are not signed in. Your token says who you are and what you may do.',
    body: html`<form class="panel" method="post" action="/sign-in"><input type="hidden" name="next" value="${ownPath(next)}">
<label>Token <input name="token" type="password" autocomplete="current-password" required></label> <button class="primary">Sign in</button></form>`,
  };
}
