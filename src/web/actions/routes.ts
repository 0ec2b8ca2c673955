/** Everything that the pages change: POST, from our own form, by somebody with the role, at a bounded rate. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { answered, answeredCommand } from '../../client/answers.ts';
import { decide, sayOn } from '../../client/decisions.ts';
import { rollBackForPerson } from '../../client/rollbacks.ts';
import { modelOfRun } from '../../client/run-id.ts';
import type { WebRole } from '../../config/web.ts';
import { asOfNow } from '../../store/clock.ts';
import type { Pages } from '../app.ts';
import { PageRefused } from '../errors.ts';
import { checkSender } from '../guard.ts';
import { missingRole, roleFor } from '../people.ts';
import type { Session } from '../sessions.ts';

type Form = Readonly<Record<string, unknown>>;
type RunForm = FastifyRequest<{ Params: { run: string }; Body: Form | undefined }>;
type ModelForm = FastifyRequest<{ Params: { model: string }; Body: Form | undefined }>;

const COMMANDS = ['pause', 'resume', 'promote', 'abort'] as const;

/** A person and a model at a time; everybody else goes on. */
const LIMIT = {
  rateLimit: {
    max: 30,
    timeWindow: '1 minute',
    hook: 'preHandler',
    keyGenerator: (request: FastifyRequest) =>
      `${request.session?.person.name ?? request.ip} ${JSON.stringify(request.params)}`,
  },
} as const;

export function actionRoutes(app: FastifyInstance, pages: Pages): void {
  app.register(async (forms) => {
    forms.addHook('preHandler', async (request) => void checkSender(request, request.session));
    formRoutes(forms, pages);
  });
}

function formRoutes(app: FastifyInstance, { sources, people, production }: Pages): void {
  const { client, store, logger } = sources;
  /** @throws PageRefused */
  const allow = (request: FastifyRequest, model: string, role: WebRole): Session => {
    const session = checkSender(request, request.session);
    if (roleFor(session.person, model) === undefined) throw new PageRefused(404, `There is no model ${model} here.`);
    const missing = missingRole(session.person, model, role);
    if (missing === null) return session;
    logger.warn({ person: session.person.name, model, role, url: request.url }, 'refused: the role is missing');
    throw new PageRefused(403, `Nothing was done: ${missing}.`);
  };
  /** Whoever decides in production shows the token again: an open browser is not a signature. */
  const again = (session: Session, { token }: Form): void => {
    if (!production) return;
    const shown = typeof token === 'string' ? people.byToken(token) : undefined;
    if (shown?.name === session.person.name) return;
    logger.warn({ person: session.person.name }, 'a decision without the right token');
    throw new PageRefused(401, 'Nothing was decided: your token is needed once more, and this is not it.');
  };

  app.post('/runs/:run/decision', { config: LIMIT }, async (request: RunForm, reply) => {
    const { run } = request.params;
    const form = request.body ?? {};
    const kind = oneOf(form['kind'], ['approve', 'reject', 'comment'] as const);
    const session = allow(request, modelOfRun(run), kind === 'comment' ? 'operator' : 'approver');
    const [by, comment] = [session.person.name, text(form['comment'])];
    if (kind === 'comment') {
      const said = { by, comment: comment ?? '' };
      session.notices.push({ good: true, text: await answered(client, run, () => sayOn(client, run, said)) });
      return reply.redirect(`/runs/${run}`, 303);
    }
    again(session, form);
    const packet = String(form['packet'] ?? '');
    const said = { packet, by, ...(comment === undefined ? {} : { comment }) };
    const answer = await answered(client, run, () => decide(client, run, kind, said));
    logger.info({ person: by, run, kind, packet }, 'decided at the pages');
    session.notices.push({ good: true, text: answer });
    return reply.redirect(`/runs/${run}`, 303);
  });

  app.post('/runs/:run/rollout', { config: LIMIT }, async (request: RunForm, reply) => {
    const { run } = request.params;
    const form = request.body ?? {};
    const command = oneOf(form['command'], COMMANDS);
    const session = allow(request, modelOfRun(run), 'operator');
    const order = { by: session.person.name, reason: text(form['reason']) };
    const answer = await answeredCommand({ client, store }, run, command, order);
    logger.info({ person: order.by, run, command }, 'rollout commanded at the pages');
    session.notices.push({ good: true, text: answer });
    return reply.redirect(`/runs/${run}`, 303);
  });

  app.post('/models/:model/rollback', { config: LIMIT }, async (request: ModelForm, reply) => {
    const { model } = request.params;
    const form = request.body ?? {};
    const session = allow(request, model, 'operator');
    again(session, form);
    await sources.knownLedger(model);
    const [to, reason] = [Number(form['to']), text(form['reason'])];
    if (!Number.isInteger(to) || to < 1)
      throw new PageRefused(400, 'Nothing was changed: choose the version to return to.');
    if (reason === undefined) throw new PageRefused(400, 'Nothing was changed: a rollback needs its reason.');
    const asOf = () => asOfNow(store, sources.workspace.hone.clock);
    const by = session.person.name;
    const end = await rollBackForPerson({ client, store, model, id: randomUUID(), asOf }, { to, reason, by });
    logger.info({ person: by, model, to }, 'rolled back at the pages');
    session.notices.push({ good: true, text: end.sentence });
    return reply.redirect(`/models/${model}`, 303);
  });
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new PageRefused(400, `Nothing was done: choose one of ${allowed.join(', ')}.`);
  return found;
}

/** What was typed; undefined where nothing was. */
function text(value: unknown): string | undefined {
  const typed = typeof value === 'string' ? value.trim() : '';
  return typed === '' ? undefined : typed;
}
