/** The pages as one Fastify app: who may ask, what answers, what every answer carries. Nothing is changed by GET. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { HoneConfig } from '../config/hone.ts';
import { actionRoutes } from './actions/routes.ts';
import { PageRefused } from './errors.ts';
import { checkHost } from './guard.ts';
import { html } from './html.ts';
import { layout, type Page } from './layout.ts';
import { liveRoutes } from './live.ts';
import { metricsRoute } from './metrics.ts';
import { pageRoutes } from './pages/routes.ts';
import type { People } from './people.ts';
import { readyRoute } from './ready.ts';
import { refusalOf } from './refusals.ts';
import { SESSION_HOURS, type Session, Sessions } from './sessions.ts';
import { signInRoutes } from './sign-in.ts';
import type { Sources } from './sources.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null where nobody is signed in. */
    session: Session | null;
  }
}

export interface Pages {
  readonly sources: Sources;
  readonly people: People;
  readonly sessions: Sessions;
  readonly production: boolean;
  /** Sends a page to whoever asked. */
  show(request: FastifyRequest, reply: FastifyReply, page: Page, status?: number): FastifyReply;
  /** The browser is this session's from now on. */
  enter(reply: FastifyReply, session: Session): void;
  leave(reply: FastifyReply): void;
}

const ASSETS = { 'style.css': 'text/css', 'live.js': 'text/javascript', 'icon.svg': 'image/svg+xml' } as const;
/** Whoever asks for these has no browser, and gets no session. */
const FOR_PROGRAMS: readonly string[] = ['/live', '/ready', '/metrics'];
const MOST_BYTES = 64 * 1024;

export async function buildPages(hone: HoneConfig, sources: Sources, people: People): Promise<FastifyInstance> {
  const production = hone.profile === 'production';
  const app = fastify({
    bodyLimit: MOST_BYTES,
    requestTimeout: 30_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
    trustProxy: hone.web?.proxies ?? false,
    logger: false,
  });
  const sessions = new Sessions();
  const assets = Object.fromEntries(Object.keys(ASSETS).map((name) => [name, readAsset(name)]));
  const version = createHash('sha256').update(Object.values(assets).join()).digest('hex').slice(0, 8);
  const cookieName = production ? '__Host-hone' : 'hone';
  const cookieOptions = { path: '/', httpOnly: true, sameSite: 'lax', secure: production } as const;
  const pages: Pages = {
    ...{ sources, people, sessions, production },
    show(request, reply, page, status = 200) {
      const seen = createHash('sha256').update(html`${page.sentence}${page.body}`.text).digest('hex').slice(0, 16);
      reply.status(status).headers({ 'x-page': seen, 'cache-control': 'private, no-store' });
      if (request.headers['x-only-digest'] !== undefined) return reply.send('');
      const text = layout(page, request.session, { path: request.url, digest: seen, version, production });
      request.session?.notices.splice(0);
      return reply.type('text/html; charset=utf-8').send(text);
    },
    enter: (reply, { id }) => reply.setCookie(cookieName, id, { ...cookieOptions, maxAge: SESSION_HOURS * 3600 }),
    leave: (reply) => reply.clearCookie(cookieName, cookieOptions),
  };

  await app.register(helmet, security(production));
  await app.register(cookie);
  await app.register(formbody);
  await app.register(rateLimit, { global: false, errorResponseBuilder: (_request, { after }) => tooMany(after) });
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.decorateRequest('session', null);
  app.addHook('onRequest', async (request, reply) => {
    checkHost(request, hone.web?.hosts ?? [], !production);
    const now = sources.now().getTime();
    request.session = sessions.find(request.cookies[cookieName], now) ?? null;
    const page = request.method === 'GET' && !request.url.startsWith('/assets/') && !FOR_PROGRAMS.includes(request.url);
    if (people.local !== null && request.session === null && page) {
      request.session = sessions.start(people.local, now);
      pages.enter(reply, request.session);
    }
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { status, page } = refusalOf(error, request, reply, sources.logger);
    return pages.show(request, reply, page, status);
  });
  app.setNotFoundHandler((request) => {
    throw new PageRefused(404, `There is no page at ${request.url.split('?')[0]?.slice(0, 120)}.`);
  });
  app.get('/live', async () => ({ live: true }));
  readyRoute(app, sources);
  metricsRoute(app, sources);
  for (const [name, type] of Object.entries(ASSETS))
    app.get(`/assets/${name}`, async (_request, reply) =>
      reply.type(type).header('cache-control', 'public, max-age=31536000, immutable').send(assets[name]),
    );
  signInRoutes(app, pages);
  pageRoutes(app, pages);
  actionRoutes(app, pages);
  liveRoutes(app, pages);
  return app;
}

function readAsset(name: string): string {
  return readFileSync(new URL(`assets/${name}`, import.meta.url), 'utf8');
}

function tooMany(after: string): Error {
  return Object.assign(new Error(`Too many attempts. Try again in ${after}.`), { statusCode: 429 });
}

/** No inline script or style, nothing from elsewhere, in no frame. */
function security(production: boolean) {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        scriptSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    // Not `no-referrer`: with it browsers say `null` where they should name the origin of a form.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: production,
  } as const;
}
