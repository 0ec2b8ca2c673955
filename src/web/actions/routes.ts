/** Everything that the pages change: POST, from our own form, by somebody with the role, at a bounded rate. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { answered, answeredCommand } from '../../client/answers.ts';
import { decide, sayOn } from '../../client/decisions.ts';
import { modelOfRun } from '../../client/run-id.ts';
import type { Pages } from '../app.ts';
import { PageRefused } from '../errors.ts';
import { checkSender } from '../guard.ts';
import { modelForms } from './model-forms.ts';
import { allow, askAgain, type Form, LIMIT, oneOf, typed } from './permission.ts';

type RunForm = FastifyRequest<{ Params: { run: string }; Body: Form | undefined }>;

const DECISIONS = ['approve', 'reject', 'comment', 'break_glass'] as const;
const ROLE_TO = { approve: 'approver', reject: 'approver', comment: 'operator', break_glass: 'admin' } as const;
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
    const kind = oneOf(form['kind'], DECISIONS);
    const session = allow(pages, request, modelOfRun(run), ROLE_TO[kind]);
    const [by, comment] = [session.person.name, typed(form['comment'])];
    if (kind === 'comment') {
      const said = { by, comment: comment ?? '' };
      session.notices.push({ good: true, text: await answered(client, run, () => sayOn(client, run, said)) });
      return reply.redirect(`/runs/${run}`, 303);
    }
    askAgain(pages, session, form);
    const packet = String(form['packet'] ?? '');
    const glass = kind === 'break_glass';
    if (glass && comment === undefined)
      throw new PageRefused(400, 'Nothing was decided: breaking glass needs its reason, which is reviewed later.');
    const said = {
      ...{ packet, by },
      ...(comment === undefined ? {} : { comment }),
      ...(glass ? { break_glass: true as const } : {}),
    };
    const answer = await answered(client, run, () => decide(client, run, glass ? 'approve' : kind, said));
    logger.info({ person: by, run, kind, packet }, 'decided at the pages');
    const later = glass ? ' Somebody else has to review it: `hone review` names what is due.' : '';
    session.notices.push({ good: true, text: answer + later });
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
