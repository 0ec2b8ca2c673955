/** `hone monitor`: look at a model in production now, or at what the last look found. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { ServiceCheck } from '../../monitoring/checks/service-check.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { serviceText, tickText } from '../monitor-text.ts';
import { withProgress } from '../progress.ts';
import { ledgerOf } from '../refs.ts';
import { withServices } from '../services.ts';
import { registerErase } from './monitor-erase.ts';
import { registerLabels } from './monitor-labels.ts';
import { registerLog } from './monitor-log.ts';

/** A look reads weeks of predictions. */
const PATIENCE_MS = 10 * 60_000;

export function register(program: Command, context: CliContext): void {
  const noun = program
    .command('monitor')
    .description('what production looks like: inputs, drift, quality on mature labels');
  withExamples(noun, [
    ['monitor run flights-delay', 'look now, and do what the playbook says'],
    ['monitor show flights-delay', 'what the last look found'],
  ]);
  noun
    .command('run <model>')
    .description('look now: alerts and triggers follow as they would from the schedule')
    .action((model: string) => run(context, model));
  noun
    .command('show <model>')
    .description('the last look; needs no Temporal')
    .action((model: string) => show(context, model));
  registerLabels(noun, context);
  registerLog(noun, context);
  registerErase(noun, context);
}

async function run(context: CliContext, model: string): Promise<void> {
  await withServices(context, async ({ client, store }) => {
    await ledgerOf(context, model);
    const { requireWorker, withPatience } = await import('../../client/workers.ts');
    const { lookNow } = await import('../../client/ticks.ts');
    const { readTick } = await import('../../monitoring/read-ticks.ts');
    await requireWorker(client);
    const end = await withProgress(context, `looking at ${model}`, () =>
      withPatience(client, PATIENCE_MS, lookNow(client, model, randomUUID())),
    );
    const report = await readTick(store, end.report);
    context.show({ ...report, triggered: end.triggered }, () => tickText(report, end.triggered));
  });
}

async function show(context: CliContext, model: string): Promise<void> {
  await ledgerOf(context, model);
  const { newestTick } = await import('../../monitoring/read-ticks.ts');
  const report = await newestTick(await context.store(), model);
  if (report === null)
    throw new UsageError(
      `Nobody has looked at ${model} yet. Look now: hone monitor run ${model}; with \`hone up\` a schedule does.`,
    );
  const service = await serviceNow(context, model);
  context.show({ ...report, service_now: service }, () => `${tickText(report, null)}\n\n${serviceText(service)}`);
}

async function serviceNow(context: CliContext, model: string): Promise<ServiceCheck> {
  const { readNodes } = await import('../../serving/nodes.ts');
  const { checkService } = await import('../../monitoring/checks/service-check.ts');
  const records = (await readNodes(await context.store())).filter(({ models }) => models[model] !== undefined);
  const limits = (await context.workspace()).models.get(model)?.config.monitoring.service;
  return checkService(records, limits, context.terminal.now().toISOString());
}
