/** The addresses of the pages: who may see what, and which page answers. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { modelOfRun } from '../../client/run-id.ts';
import type { Pages } from '../app.ts';
import { PageRefused } from '../errors.ts';
import type { Page } from '../layout.ts';
import { roleFor } from '../people.ts';
import type { Session } from '../sessions.ts';
import { backtestPage } from './backtest.ts';
import { comparePage } from './compare.ts';
import { driftPage } from './drift.ts';
import { homePage } from './home.ts';
import { allIncidentsPage, incidentsPage } from './incidents.ts';
import { installationPage } from './installation.ts';
import { fitting, ledgerCsv, ledgerJsonLines, ledgerPage } from './ledger.ts';
import { modelPage } from './model.ts';
import { packetPage } from './packet.ts';
import { rolloutPage } from './rollout.ts';
import { runPage } from './run.ts';
import { settingsPage } from './settings.ts';
import { versionPage } from './version.ts';
import { whyPage } from './why.ts';

type Query = Readonly<Record<string, string | undefined>>;
interface Asked {
  readonly Params: Readonly<Record<'model' | 'run' | 'version', string>>;
  readonly Querystring: Query;
}
type Asking = FastifyRequest<Asked>;

export function pageRoutes(app: FastifyInstance, { sources, production, show }: Pages): void {
  const visible = (request: Asking) => {
    const { person } = sessionOf(request);
    return (model: string) => roleFor(person, model) !== undefined;
  };
  const pages: Readonly<Record<string, (request: Asking) => Promise<Page>>> = {
    '/': (request) => homePage(sources, visible(request), request.query),
    '/incidents': (request) => allIncidentsPage(sources, visible(request)),
    '/installation': (request) => installationPage(sources, visible(request)),
    '/models/:model': (request) => modelPage(sources, sessionOf(request), request.params.model),
    '/models/:model/why': ({ params }) => whyPage(sources, params.model),
    '/models/:model/drift': ({ params }) => driftPage(sources, params.model),
    '/models/:model/incidents': ({ params }) => incidentsPage(sources, params.model),
    '/models/:model/ledger': ({ params, query }) => ledgerPage(sources, params.model, query),
    '/models/:model/compare': ({ params, query }) => comparePage(sources, params.model, query),
    '/models/:model/backtest': ({ params, query }) => backtestPage(sources, params.model, query['id']),
    '/models/:model/settings': ({ params }) => settingsPage(sources, params.model),
    '/models/:model/rollout': (request) => rolloutPage(sources, sessionOf(request), request.params.model, production),
    '/models/:model/versions/:version': ({ params }) => versionPage(sources, params.model, versionOf(params.version)),
    '/runs/:run': (request) => runPage(sources, sessionOf(request), request.params.run),
    '/runs/:run/packet': (request) => packetPage(sources, sessionOf(request), request.params.run, production),
  };
  app.register(async (signedIn) => {
    signedIn.addHook('onRequest', async (request, reply) => {
      if (request.session === null) return reply.redirect(`/sign-in?next=${encodeURIComponent(request.url)}`, 303);
      request.query = single(request.query as Record<string, unknown>);
      const { model, run } = request.params as Partial<Asked['Params']>;
      if (run !== undefined) maySee(request, modelOfRun(run));
      if (model !== undefined) maySee(request, model);
    });
    for (const [path, page] of Object.entries(pages))
      signedIn.get<Asked>(path, async (request, reply) => show(request, reply, await page(request)));

    const exported = (path: string, type: string, text: typeof ledgerCsv) =>
      signedIn.get<Asked>(path, async ({ params: { model }, query }, reply: FastifyReply) => {
        await sources.knownLedger(model);
        const name = path.split('/').at(-1) ?? 'ledger';
        return reply
          .type(`${type}; charset=utf-8`)
          .header('content-disposition', `attachment; filename="${model}-${name}"`)
          .header('cache-control', 'private, no-store')
          .send(text(fitting(await sources.entries(model), query)));
      });
    exported('/models/:model/ledger.jsonl', 'application/jsonl', ledgerJsonLines);
    exported('/models/:model/ledger.csv', 'text/csv', ledgerCsv);
  });
}

function sessionOf(request: FastifyRequest): Session {
  if (request.session === null) throw new PageRefused(401, 'You are not signed in.');
  return request.session;
}

/** A model that somebody may not see does not exist for them. @throws PageRefused */
function maySee(request: FastifyRequest, model: string): void {
  if (roleFor(sessionOf(request).person, model) !== undefined) return;
  throw new PageRefused(404, `There is no model ${model.slice(0, 80)} here.`);
}

/** A name that comes twice counts for nothing: pages know one value a name. */
function single(query: Record<string, unknown>): Query {
  return Object.fromEntries(
    Object.entries(query).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

function versionOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new PageRefused(404, `${text.slice(0, 40)} is no version; versions are numbers such as 7.`);
}
