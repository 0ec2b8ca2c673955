/** The addresses of the pages: who may see what, and which page answers. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { modelOfRun } from '../../client/run-id.ts';
import type { Pages } from '../app.ts';
import { PageRefused } from '../errors.ts';
import { roleFor } from '../people.ts';
import type { Session } from '../sessions.ts';
import { homePage } from './home.ts';
import { modelPage } from './model.ts';
import { packetPage } from './packet.ts';
import { runPage } from './run.ts';

type Query = Readonly<Record<string, string | undefined>>;
interface Asked {
  readonly Params: Readonly<Record<'model' | 'run' | 'version', string>>;
  readonly Querystring: Query;
}

export function pageRoutes(app: FastifyInstance, { sources, production, show }: Pages): void {
  app.register(async (signedIn) => {
    signedIn.addHook('onRequest', async (request, reply) => {
      if (request.session === null) return reply.redirect(`/sign-in?next=${encodeURIComponent(request.url)}`, 303);
    });
    signedIn.get<Asked>('/', async (request, reply) => {
      const { person } = sessionOf(request);
      return show(
        request,
        reply,
        await homePage(sources, (model) => roleFor(person, model) !== undefined, request.query),
      );
    });
    signedIn.get<Asked>('/models/:model', async (request, reply) => {
      maySee(request, request.params.model);
      return show(request, reply, await modelPage(sources, request.params.model));
    });
    signedIn.get<Asked>('/runs/:run', async (request, reply) => {
      const session = maySee(request, modelOfRun(request.params.run));
      return show(request, reply, await runPage(sources, session, request.params.run));
    });
    signedIn.get<Asked>('/runs/:run/packet', async (request, reply) => {
      const session = maySee(request, modelOfRun(request.params.run));
      return show(request, reply, await packetPage(sources, session, request.params.run, production));
    });
  });
}

function sessionOf(request: FastifyRequest): Session {
  if (request.session === null) throw new PageRefused(401, 'You are not signed in.');
  return request.session;
}

/** A model that somebody may not see does not exist for them. @throws PageRefused */
function maySee(request: FastifyRequest, model: string): Session {
  const session = sessionOf(request);
  if (roleFor(session.person, model) === undefined) throw new PageRefused(404, `There is no model ${model} here.`);
  return session;
}
