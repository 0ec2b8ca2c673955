/** `hone freeze` and `unfreeze`: no new runs, rollouts or promotions for a while. Rollbacks stay possible. */
import type { Command } from 'commander';
import { freezeForPerson, unfreezeForPerson } from '../../client/freezes.ts';
import { utc } from '../../times.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { ledgerOf } from '../refs.ts';
import { asOfOf, instantOption, person } from '../services.ts';

interface FreezeOptions {
  readonly reason: string;
  readonly until?: string;
  readonly by?: string;
}

export function register(program: Command, context: CliContext): void {
  withExamples(
    program.command('freeze <model>').description('no new runs, rollouts or promotions; rollbacks stay possible'),
    [
      ['freeze flights-delay --reason "holiday peak" --until 2026-01-07', 'ends by itself'],
      ['unfreeze flights-delay --reason "peak is over"', 'ends now'],
    ],
  )
    .requiredOption('--reason <text>', 'why; shown to everyone who is refused')
    .option('--until <instant>', 'when it ends by itself, such as 2026-01-07 or 2026-01-07T06:00:00Z')
    .option('--by <name>', 'who decides (default: your account here)')
    .action((model: string, options: FreezeOptions) => freezeModel(context, model, options));
  withExamples(program.command('unfreeze <model>').description('lift a freeze'), [
    ['unfreeze flights-delay --reason "peak is over"', 'runs may start again'],
  ])
    .option('--reason <text>', 'why', 'lifted by hand')
    .option('--by <name>', 'who decides (default: your account here)')
    .action((model: string, options: FreezeOptions) => unfreezeModel(context, model, options));
}

async function freezeModel(context: CliContext, model: string, options: FreezeOptions): Promise<void> {
  const until = options.until === undefined ? null : instantOption('--until', options.until);
  const { reason } = options;
  const by = person(options.by);
  const asOf = await asOfOf({ workspace: await context.workspace(), store: await context.store() });
  if (until !== null && until <= asOf)
    throw new UsageError(
      `--until ${utc(until)} is past already; it is ${utc(asOf)} for the models. Nothing was changed.`,
    );
  const { seq } = await freezeForPerson(await ledgerOf(context, model), { by, reason, asOf, until });
  const end = until === null ? `until \`hone unfreeze ${model}\`` : `until ${utc(until)}`;
  const text = `${model} is frozen ${end}: no run, rollout or promotion starts. What is served goes on, and a rollback stays possible.`;
  context.show({ model, frozen: true, by, reason, until, ledger_seq: seq }, () => text);
}

async function unfreezeModel(context: CliContext, model: string, options: FreezeOptions): Promise<void> {
  const { reason } = options;
  const by = person(options.by);
  const asOf = await asOfOf({ workspace: await context.workspace(), store: await context.store() });
  const { seq } = await unfreezeForPerson(await ledgerOf(context, model), { by, reason, asOf });
  const text = `${model} is no longer frozen. Start a run: hone run start ${model}`;
  context.show({ model, frozen: false, by, reason, ledger_seq: seq }, () => text);
}
