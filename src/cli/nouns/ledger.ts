/** `hone ledger`: the ordered record of every change of a model, and what was live at a time. */
import type { Command } from 'commander';
import { aliasText, changeText, routingText } from '../../registry/change-text.ts';
import type { LedgerEntry, LedgerState } from '../../registry/contract.ts';
import type { Verification } from '../../registry/verify.ts';
import { utc } from '../../times.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { ledgerOf } from '../refs.ts';
import { facts, table } from '../table.ts';

interface ShowOptions {
  readonly at?: string;
  readonly logical?: true;
  readonly last: string;
}

export function register(program: Command, context: CliContext): void {
  const noun = program
    .command('ledger')
    .description('what was changed, when, by whom and why; what was live at a time');
  withExamples(noun, [
    ['ledger show flights-delay', 'the newest changes'],
    ['ledger show flights-delay --at 2013-04-10T06:00:00Z', 'what was live then'],
    ['ledger verify', 'reads every ledger again and checks its chain'],
  ]);
  noun
    .command('show <model>')
    .description('the newest entries, or with --at the state at a time')
    .option('--at <instant>', 'what was live at this time (ISO 8601)')
    .option('--logical', 'with --at: by the time that decisions went by (as_of), not by the wall clock')
    .option('--last <n>', 'how many entries', '20')
    .action((model: string, options: ShowOptions) => show(context, model, options));
  noun
    .command('verify [model]')
    .description('checks chain, gaps, order and content; all models where none is named')
    .action((model: string | undefined) => verify(context, model));
}

async function show(context: CliContext, model: string, options: ShowOptions): Promise<void> {
  const ledger = await ledgerOf(context, model);
  if (options.at !== undefined) {
    const at = instantOf(options.at);
    const state = await ledger.stateAt(at, { by: options.logical ? 'as_of' : 'at' });
    return context.show({ model, at, state }, () => `${model} at ${utc(at)}\n\n${stateText(state)}`);
  }
  const last = /^[1-9]\d{0,5}$/.test(options.last) ? Number(options.last) : undefined;
  if (last === undefined) throw new UsageError(`--last ${options.last} is no count; write a number such as --last 20.`);
  const head = (await ledger.head())?.seq ?? 0;
  const entries: LedgerEntry[] = [];
  for await (const entry of ledger.entries(Math.max(0, head - last))) entries.push(entry);
  context.show({ model, entries }, () => entriesText(model, entries, head));
}

function instantOf(text: string): string {
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(time.getTime())) {
    throw new UsageError(
      `--at ${JSON.stringify(text)} is no time; write one such as 2013-04-10 or 2013-04-10T06:00:00Z.`,
    );
  }
  return time.toISOString();
}

export function entriesText(model: string, entries: readonly LedgerEntry[], head: number): string {
  if (entries.length === 0)
    return `Nothing has happened to ${model} yet. Start a run with \`hone run start ${model}\`.`;
  const rows = entries.map((entry) => [
    String(entry.seq),
    entry.as_of.slice(0, 16).replace('T', ' '),
    entry.actor,
    changeText(entry.change),
    entry.why,
  ]);
  const more = head > entries.length ? `\n\n${head - entries.length} earlier entries; --last ${head} shows all.` : '';
  return `${table(['SEQ', 'AS OF (UTC)', 'BY', 'CHANGE', 'WHY'], rows, 'WHY')}${more}`;
}

export function stateText(state: LedgerState): string {
  const { freeze, activeRun, monitoring, budgets } = state;
  return facts([
    ['Answers predictions', routingText(state)],
    ['Aliases', aliasText(state)],
    ['Active run', activeRun === null ? 'none' : `${activeRun.run}, since ${utc(activeRun.started_at)}`],
    ['Frozen', freeze === null ? 'no' : `by ${freeze.by}: ${freeze.reason}`],
    ['Monitoring reference', monitoring.reference === null ? 'none' : `version ${monitoring.reference}`],
    ['Last promotion', budgets.promoted_at === null ? 'none' : utc(budgets.promoted_at)],
    ['Configuration', state.config === null ? 'not applied yet' : state.config.slice(0, 8)],
  ]);
}

async function verify(context: CliContext, model: string | undefined): Promise<void> {
  const names = model === undefined ? [...(await context.workspace()).models.keys()] : [model];
  const ledgers: ({ model: string } & Verification)[] = [];
  for (const name of names) ledgers.push({ model: name, ...(await (await ledgerOf(context, name)).verify()) });
  const ok = ledgers.every((ledger) => ledger.ok);
  context.show({ ok, ledgers }, () => ledgers.map(verifiedText).join('\n'));
  if (!ok) context.exitWith(1);
}

export function verifiedText(ledger: { model: string } & Verification): string {
  const { model, ok, entries, problem } = ledger;
  if (ok)
    return `${model}: ${entries} entries, an unbroken chain${ledger.head === null ? '' : ` up to ${ledger.head.slice(0, 8)}`}.`;
  return (
    `${model}: broken after entry ${entries}. ${problem} ` +
    `Serving goes on; nothing is promoted. Restore the object from backup, then verify again.`
  );
}
