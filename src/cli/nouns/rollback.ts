/** `hone rollback`: back to an earlier version, with or without Temporal. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { routingText } from '../../registry/change-text.ts';
import type { RollbackTarget } from '../../registry/rollback.ts';
import { relative } from '../../times.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { withProgress } from '../progress.ts';
import { ledgerOf } from '../refs.ts';
import { asOfOf, person, withServices } from '../services.ts';
import { table } from '../table.ts';

interface RollbackOptions {
  readonly to?: string;
  readonly reason?: string;
  readonly by?: string;
  readonly dryRun?: true;
}

export function register(program: Command, context: CliContext): void {
  withExamples(program.command('rollback <model>').description('return to an earlier version; stops a run under way'), [
    ['rollback flights-delay --dry-run', 'what can be returned to, and what would happen'],
    ['rollback flights-delay --reason "complaints since noon"', 'to the champion before this one'],
    ['rollback flights-delay --to 7 --reason "as agreed"', 'to a version of your choice'],
  ])
    .option('--to <version>', 'default: the champion before; during a rollout the champion itself')
    .option('--reason <text>', 'why; kept in the ledger')
    .option('--by <name>', 'who decides (default: your account here)')
    .option('--dry-run', 'change nothing, say what would happen')
    .action((model: string, options: RollbackOptions) => rollback(context, model, options));
}

async function rollback(context: CliContext, model: string, options: RollbackOptions): Promise<void> {
  const named = versionOf(options.to);
  await withServices(context, async (services) => {
    const { client, store } = services;
    const { defaultTarget, rollbackTargets } = await import('../../registry/rollback.ts');
    const { NothingToRollBackTo } = await import('../../registry/errors.ts');
    const ledger = await ledgerOf(context, model);
    const state = await ledger.state();
    const { servingCacheOf } = await import('../../monitoring/log/hash-key.ts');
    const cacheDir = servingCacheOf(services.workspace.dir);
    const to = named ?? defaultTarget(state);
    if (options.dryRun) {
      const targets = await rollbackTargets(store, model);
      const { proveReturn } = await import('../../deployment/prove-return.ts');
      const proof = to !== null && proveReturn({ store, cacheDir }, { model, version: to, config: state.config });
      const problem = proof ? await proof.then(() => null, problemOf) : null;
      const document = {
        model,
        dry_run: true,
        routing: state.routing,
        to,
        would_cancel: state.activeRun?.run ?? null,
        problem,
        targets,
      };
      context.show(document, () => dryRunText(model, document, routingText(state), context.terminal.now()));
      if (to === null || problem !== null) context.exitWith(3);
      return;
    }
    const { reason } = options;
    if (reason === undefined)
      throw new UsageError(
        `A rollback needs its reason: hone rollback ${model} --reason "…"; --dry-run shows what would happen.`,
      );
    if (to === null) throw new NothingToRollBackTo(model);
    const { rollBackForPerson } = await import('../../client/rollbacks.ts');
    const end = await withProgress(context, `returning ${model} to version ${to}`, () =>
      rollBackForPerson(
        { client, store, cacheDir, model, id: randomUUID(), asOf: () => asOfOf(services) },
        { to, reason, by: person(options.by) },
      ),
    );
    context.show({ model, dry_run: false, ...end }, () => `${end.sentence}\nWhat happened: hone ledger show ${model}`);
  });
}

/** Why the version could not take traffic. */
const problemOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

interface DryRun {
  readonly to: number | null;
  /** Null: it was loaded here, and its golden rows came out as registered. */
  readonly problem: string | null;
  readonly would_cancel: string | null;
  readonly targets: readonly RollbackTarget[];
}

function dryRunText(model: string, { to, problem, would_cancel, targets }: DryRun, routing: string, now: Date): string {
  const stops =
    would_cancel === null ? '' : ` The run ${would_cancel} would be stopped and could write nothing any more.`;
  const would =
    to === null
      ? `${model} has no earlier champion to return to; name a version with --to.`
      : problem !== null
        ? `A rollback to version ${to} would be refused. ${problem}`
        : `Version ${to} would take all traffic, aliases and the monitoring reference with it.${stops} It loads, and its golden rows come out as registered.`;
  const rows = targets.map(({ version, run, promoted_at, default: first }) => [
    String(version),
    first ? 'taken by default' : '-',
    relative(promoted_at, now),
    run ?? 'imported',
  ]);
  const eligible =
    rows.length === 0 ? 'No other version has been champion.' : table(['VERSION', '', 'PROMOTED', 'RUN'], rows);
  const next = to === null || problem !== null ? '' : `\n\nDo it: hone rollback ${model} --to ${to} --reason "…"`;
  return `Now: ${routing} answers.\n${would}\nPredictions and labels that were recorded stay as they are.\n\n${eligible}${next}`;
}

function versionOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`--to ${JSON.stringify(text)} is no version; write its number, such as --to 7.`);
}
