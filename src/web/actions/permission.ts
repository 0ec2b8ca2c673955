/** Who may press a button: from our own page, with the role for the model, and in production with the token once more. */
import type { FastifyRequest } from 'fastify';
import type { WebRole } from '../../config/web.ts';
import type { Pages } from '../app.ts';
import { PageRefused } from '../errors.ts';
import { checkSender } from '../guard.ts';
import { missingRole, roleFor } from '../people.ts';
import type { Session } from '../sessions.ts';

export type Form = Readonly<Record<string, unknown>>;
export type ModelForm = FastifyRequest<{ Params: { model: string }; Body: Form | undefined }>;

/** A person and a model at a time; everybody else goes on. */
export const LIMIT = {
  rateLimit: {
    max: 30,
    timeWindow: '1 minute',
    hook: 'preHandler',
    keyGenerator: (request: FastifyRequest) =>
      `${request.session?.person.name ?? request.ip} ${JSON.stringify(request.params)}`,
  },
} as const;

/** @throws PageRefused */
export function allow({ sources }: Pages, request: FastifyRequest, model: string, role: WebRole): Session {
  const session = checkSender(request, request.session);
  if (roleFor(session.person, model) === undefined) throw new PageRefused(404, `There is no model ${model} here.`);
  const missing = missingRole(session.person, model, role);
  if (missing === null) return session;
  sources.logger.warn({ person: session.person.name, model, role, url: request.url }, 'refused: the role is missing');
  throw new PageRefused(403, `Nothing was done: ${missing}.`);
}

/** Whoever decides in production shows the token again: an open browser is not a signature. @throws PageRefused */
export function askAgain({ sources, people, production }: Pages, session: Session, { token }: Form): void {
  if (!production) return;
  const shown = typeof token === 'string' ? people.byToken(token) : undefined;
  if (shown?.name === session.person.name) return;
  sources.logger.warn({ person: session.person.name }, 'a decision without the right token');
  throw new PageRefused(401, 'Nothing was decided: your token is needed once more, and this is not it.');
}

/** @throws PageRefused */
export function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new PageRefused(400, `Nothing was done: choose one of ${allowed.join(', ')}.`);
  return found;
}

/** What was typed; undefined where nothing was. */
export function typed(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' ? undefined : text;
}
