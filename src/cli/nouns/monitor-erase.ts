/** `hone monitor erase`: takes one subject out of predictions, labels, business figures and rows that were set aside. */
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { withProgress } from '../progress.ts';
import { ledgerOf } from '../refs.ts';
import { wrap } from '../run-text.ts';
import { person, withServices } from '../services.ts';

interface EraseOptions {
  readonly subject: string;
  readonly reason: string;
  readonly by?: string;
}

/** Partitions of months are rewritten. */
const PATIENCE_MS = 60 * 60_000;

export function registerErase(monitor: Command, context: CliContext): void {
  monitor
    .command('erase <model>')
    .description('erases a subject from what was recorded, reads back, and notes it in the ledger without naming it')
    .requiredOption('--subject <id>', 'an inference id, an entity, or a value of a hashed column, as it was sent')
    .requiredOption('--reason <text>', 'why; it stays in the ledger, so it may not name the subject')
    .option('--by <name>', 'who asks (default: your account)')
    .action((model: string, options: EraseOptions) => erase(context, model, options));
}

async function erase(context: CliContext, model: string, options: EraseOptions): Promise<void> {
  await withServices(context, async ({ client, store }) => {
    await ledgerOf(context, model);
    const { requireWorker, withPatience } = await import('../../client/workers.ts');
    const { erase: ask } = await import('../../client/erasures.ts');
    await requireWorker(client);
    const { subject, reason } = options;
    const { id, end } = await ask({ client, store }, model, { subject, reason, by: person(options.by) });
    const { sentence, rows } = await withProgress(context, 'rewriting what was recorded', () =>
      withPatience(client, PATIENCE_MS, end),
    );
    const { findReport } = await import('../../monitoring/retention/erasure-requests.ts');
    const { snapshots = [] } = (await findReport(store, model, id)) ?? {};
    context.show({ model, erasure: id, rows, snapshots, sentence }, () => wrap(sentence).join('\n'));
  });
}
