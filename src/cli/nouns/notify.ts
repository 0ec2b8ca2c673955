/** `hone notify`: try a route, see what people were told, send again what did not get through. */
import type { Command } from 'commander';
import type { Notice } from '../../notifications/contract.ts';
import type { Route } from '../../notifications/deliver.ts';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { ledgerOf } from '../refs.ts';
import { table } from '../table.ts';

export function register(program: Command, context: CliContext): void {
  const noun = program.command('notify').description('who is told of what: chat, mail, events');
  withExamples(noun, [
    ['notify test ops-chat', 'one message now, from this machine'],
    ['notify list flights-delay', 'the last notices of a model'],
    ['notify replay ops-chat', 'what did not get through for a day'],
  ]);
  noun
    .command('test <route>')
    .description('send one notice by a route; needs its environment variables here')
    .action((route: string) => tryRoute(context, route));
  noun
    .command('list <model>')
    .description('the last 50 notices, newest last')
    .action((model: string) => list(context, model));
  noun
    .command('replay <route>')
    .description('send again what a route did not take for a day')
    .action((route: string) => replay(context, route));
}

async function routeOf(context: CliContext, name: string): Promise<Route> {
  const { hone } = await context.workspace();
  const { openRoutes } = await import('../../notifications/routes.ts');
  const { RouteUnknown } = await import('../../notifications/errors.ts');
  const routes = openRoutes(hone.notify ?? { routes: {} }, () => null, context.terminal.env);
  const found = routes.find((route) => route.name === name);
  if (found === undefined)
    throw new RouteUnknown(
      name,
      routes.map((route) => route.name),
    );
  return found;
}

async function tryRoute(context: CliContext, name: string): Promise<void> {
  const route = await routeOf(context, name);
  const { senderOf } = await import('../../notifications/senders.ts');
  const now = context.terminal.now();
  const notice: Notice = {
    ...{ contract: 1, model: 'a-model', seq: 1, type: 'test', severity: 'info', as_of: now.toISOString() },
    ...{ id: `test/${name}/${now.getTime()}`, thread: `test/${name}`, run: null },
    sentence: `This is a test of the route ${name}. Nothing happened; nobody needs to do anything.`,
  };
  await senderOf(name, route.route, context.terminal.env)({ notice, links: [] }, now);
  context.show(
    { route: name, type: route.route.type, delivered: true },
    () => `The route ${name} (${route.route.type}) took the notice.`,
  );
}

async function list(context: CliContext, model: string): Promise<void> {
  await ledgerOf(context, model);
  const { nextNotice, readNotice } = await import('../../notifications/outbox.ts');
  const store = await context.store();
  const end = await nextNotice(store, model);
  const notices: Notice[] = [];
  for (let seq = Math.max(1, end - 50); seq < end; seq++) {
    const notice = await readNotice(store, model, seq);
    if (notice) notices.push(notice);
  }
  context.show(notices, () =>
    notices.length === 0
      ? `Nobody was told anything of ${model} yet. Notices are made while notify.routes of config/hone.yaml names somebody.`
      : table(
          ['#', 'as of', 'severity', 'type', 'notice'],
          notices.map(({ seq, as_of, severity, type, sentence }) => [
            String(seq),
            as_of.slice(0, 16),
            severity,
            type,
            sentence,
          ]),
          'notice',
        ),
  );
}

async function replay(context: CliContext, name: string): Promise<void> {
  const route = await routeOf(context, name);
  const { replayDead } = await import('../../notifications/deliver.ts');
  const sent = await replayDead(await context.store(), route, context.terminal.now());
  context.show({ route: name, sent }, () =>
    sent === 0 ? `Nothing waits for ${name}.` : `${sent} notices went out by ${name}.`,
  );
}
