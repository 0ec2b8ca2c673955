/** Everything that the pages change: POST, from our own form, by somebody with the role, at a bounded rate. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { answered, answeredCommand } from '../../client/answers.ts';
import { decide, sayOn } from '../../client/decisions.ts';
import { modelOfRun } from '../../client/run-id.ts';
import type { Pages } from '../app.ts';
import { checkSender } from '../guard.ts';
import { modelForms } from './model-forms.ts';
import { allow, askAgain, type Form, LIMIT, oneOf, typed } from './permission.ts';

type RunForm = FastifyRequest<{ Params: { run: string }; Body: Form | undefined }>;

const COMMANDS = ['pause', 'resume', 'promote', 'abort'] as const;

export function actionRoutes(app: FastifyInstance, pages: Pages): void {
  app.register(async (forms) => {
    forms.addHook('preHandler', async (request) => void checkSender(request, request.session));
    runForms(forms, pages);
    modelForms(forms, pages);
  });
}

function runForms(app: FastifyInstance, pages: Pages): void {
  const { client, store, logger } = pages.sources;

  app.post('/runs/:run/decision', { config: LIMIT }, async (request: RunForm, reply) => {
    const { run } = request.params;
    const form = request.body ?? {};
    const kind = oneOf(form['kind'], ['approve', 'reject', 'comment'] as const);
    const session = allow(pages, request, modelOfRun(run), kind === 'comment' ? 'operator' : 'approver');
    const [by, comment] = [session.person.name, typed(form['comment'])];
    if (kind === 'comment') {
      const said = { by, comment: comment ?? '' };
      session.notices.push({ good: true, text: await answered(client, run, () => sayOn(client, run, said)) });
      return reply.redirect(`/runs/${run}`, 303);
    }
    askAgain(pages, session, form);
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
    const session = allow(pages, request, modelOfRun(run), 'operator');
    const order = { by: session.person.name, reason: typed(form['reason']) };
    const answer = await answeredCommand({ client, store }, run, command, order);
    logger.info({ person: order.by, run, command }, 'rollout commanded at the pages');
    session.notices.push({ good: true, text: answer });
    return reply.redirect(`/runs/${run}`, 303);
  });
}
