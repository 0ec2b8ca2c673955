/** `hone model break`: from this day on the world was different. Models that train since a break leave older rows out. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { modelOf } from '../../config/load.ts';
import { confirmBreak, lastBreak, withdrawBreak } from '../../registry/breaks.ts';
import { utc } from '../../times.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { ledgerOf } from '../refs.ts';
import { asOfOf, instantOption, person } from '../services.ts';

interface BreakOptions {
  readonly at?: string;
  readonly withdraw?: string;
  readonly reason: string;
  readonly by?: string;
}

export function registerBreak(noun: Command, context: CliContext): void {
  withExamples(
    noun
      .command('break <model>')
      .description('record that the world changed on a day: the next run may leave older rows out (window since_break)')
      .requiredOption('--reason <text>', 'why; shown to whoever approves')
      .option('--at <instant>', 'from when on, such as 2026-01-07 or 2026-01-07T06:00:00Z')
      .option('--withdraw <instant>', 'takes a confirmed break back')
      .option('--by <name>', 'who says so (default: your account here)'),
    [
      ['model break electricity-price --at 1997-05-05 --reason "the market opened"', 'a person knows it'],
      ['model break electricity-price --withdraw 1997-05-05 --reason "wrong year"', 'it was a mistake'],
    ],
  ).action((model: string, options: BreakOptions) => breakModel(context, model, options));
}

async function breakModel(context: CliContext, model: string, options: BreakOptions): Promise<void> {
  const { reason } = options;
  if ((options.at === undefined) === (options.withdraw === undefined)) {
    throw new UsageError('Write either --at, to record a break, or --withdraw, to take one back. Nothing was changed.');
  }
  const workspace = await context.workspace();
  const { window } = modelOf(workspace, model).config.training;
  const by = person(options.by);
  const asOf = await asOfOf({ workspace, store: await context.store() });
  const withdrawn = options.at === undefined;
  const at = instantOption(withdrawn ? '--withdraw' : '--at', options.at ?? options.withdraw ?? '');
  const { entry } = await (await ledgerOf(context, model)).append({
    effectId: `break/${randomUUID()}`,
    as_of: asOf,
    actor: by,
    trust: 'asserted',
    why: reason,
    step: withdrawn ? withdrawBreak({ at, reason }) : confirmBreak({ at, source: 'person', by, reason }),
  });
  const last = lastBreak(entry.state, asOf);
  const text = [
    `The break at ${utc(at)} is ${withdrawn ? 'withdrawn' : 'confirmed'}.`,
    at > asOf ? `It lies ahead: it is ${utc(asOf)} for the models.` : '',
    last === null ? 'No break has happened so far.' : `The last one is at ${utc(last.at)}.`,
    window.type === 'since_break'
      ? `What the next run trains on: hone model plan ${model}`
      : `The window of ${model} is ${window.type}, which pays no heed to it; see training.window.`,
  ];
  const document = { model, at, withdrawn, by, reason, last, window: window.type, ledger_seq: entry.seq };
  context.show(document, () => text.filter((line) => line !== '').join('\n'));
}
