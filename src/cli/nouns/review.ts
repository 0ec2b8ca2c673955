/** `hone review`: somebody else looks at an approval that broke glass. */
import type { Command } from 'commander';
import { openLedger } from '../../registry/ledger.ts';
import { listModels } from '../../registry/models.ts';
import { type DueReview, dueReviews, dueReviewText, recordReview } from '../../registry/reviews.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { ledgerOf, parseRef } from '../refs.ts';
import { asOfOf } from '../services.ts';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('review [version]')
    .description('review an approval that broke glass; without a version, list them');
  withExamples(command, [
    ['review', 'what waits for a review'],
    ['review flights-delay/7 --by dana --comment "right call; a test for it follows"', 'done, and in the ledger'],
  ])
    .option('--by <name>', 'who reviews; not who broke glass')
    .option('--comment <text>', 'what was found')
    .action((version: string | undefined, options: { by?: string; comment?: string }) =>
      version === undefined ? list(context) : review(context, version, options),
    );
}

async function list(context: CliContext): Promise<void> {
  const due = await allDueReviews(await context.store());
  context.show({ due }, () => (due.length === 0 ? 'No review is due.' : due.map(dueReviewText).join('\n')));
}

async function review(
  context: CliContext,
  text: string,
  { by, comment }: { by?: string; comment?: string },
): Promise<void> {
  const { model, ref } = parseRef(text);
  if (by === undefined || !comment?.trim() || typeof ref !== 'number')
    throw new UsageError(
      'A review names a version by its number, who reviews and what was found: hone review <model>/<number> --by <name> --comment "…". Nothing was written.',
    );
  await ledgerOf(context, model);
  const store = await context.store();
  const asOf = await asOfOf({ workspace: await context.workspace(), store });
  const seq = await recordReview(store, model, { version: ref, by, comment, asOf });
  context.show(
    { model, version: ref, by, comment, ledger_seq: seq },
    () => `Reviewed: version ${ref} of ${model}, by ${by}.`,
  );
}

/** Of every model that the store knows. */
export async function allDueReviews(store: ObjectStore): Promise<DueReview[]> {
  const models = await listModels(store);
  return (await Promise.all(models.map((model) => dueReviews(openLedger(store, model))))).flat();
}
