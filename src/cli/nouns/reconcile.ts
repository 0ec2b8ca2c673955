/** `hone reconcile`: what the scheduled reconciler does each minute, now and from here. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Reconciled } from '../../reconciliation/contract.ts';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { withServices } from '../services.ts';

export function register(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('reconcile')
      .description('put right what does not fit together: lost runs, nodes, schedules, trainers without a worker'),
    [
      ['reconcile --dry-run', 'only look'],
      ['reconcile', 'look and repair; works without a worker'],
    ],
  )
    .option('--dry-run', 'change nothing, say what would be repaired')
    .action((options: { dryRun?: true }) => reconcile(context, options.dryRun === true));
}

async function reconcile(context: CliContext, dryRun: boolean): Promise<void> {
  await withServices(context, async ({ workspace, client, store }) => {
    const { reconcileAll } = await import('../../client/reconcile.ts');
    const scratchDir = join(workspace.dir, '.hone', 'scratch');
    const now = context.terminal.now().toISOString();
    const done = await reconcileAll({ client, store, clock: workspace.hone.clock, scratchDir, now, dryRun });
    context.show(done, () => reconciledText(done));
    if (done.repairs.some(({ result }) => result === 'left')) context.exitWith(1);
  });
}

export function reconciledText({ models, repairs }: Reconciled): string {
  if (repairs.length === 0) return `Everything fits: ${models} ${models === 1 ? 'model' : 'models'} looked at.`;
  return repairs
    .map(({ finding, result, sentence }) =>
      result === 'would_repair'
        ? `${finding.sentence}\n  Would be repaired: hone reconcile`
        : `${finding.sentence}\n  ${result === 'repaired' ? 'Repaired' : 'Left'}: ${sentence}`,
    )
    .join('\n\n');
}
