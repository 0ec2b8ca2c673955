/** `hone run retry`: a new run on the results of an earlier one, from a stage on. */
import { type Command, Option } from 'commander';
import { modelOfRun } from '../../client/run-id.ts';
import { retryStage } from '../../workflows/contract.ts';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { withProgress } from '../progress.ts';
import { person, withServices } from '../services.ts';
import { answerText } from './run-answer.ts';

interface RetryOptions {
  readonly from: string;
  readonly reason: string;
  readonly by?: string;
}

export function registerRetry(noun: Command, context: CliContext): void {
  withExamples(
    noun
      .command('retry <run>')
      .description(
        'ask for a new run that takes over what an earlier one made before a stage; refused where that changed',
      ),
    [
      ['run retry flights-delay-000042 --from train', 'the same rows and features, trained again'],
      ['run retry flights-delay-000042 --from evaluate', 'judge the same trained model again'],
    ],
  )
    .addOption(
      new Option('--from <stage>', 'the first stage that is done again')
        .choices(retryStage.options)
        .makeOptionMandatory(),
    )
    .option('--reason <text>', 'why, for the run, the packet and the ledger', 'tried again by hand')
    .option('--by <name>', 'who asks (default: your account here); may not approve the run')
    .action((run: string, options: RetryOptions) => retryRun(context, run, options));
}

async function retryRun(context: CliContext, run: string, options: RetryOptions): Promise<void> {
  const from = retryStage.parse(options.from);
  const model = modelOfRun(run);
  await withServices(context, async (services) => {
    const { planRetry } = await import('../../client/retry.ts');
    const { RetryRefused } = await import('../../client/errors.ts');
    const { sendTrigger } = await import('../../client/owner.ts');
    const { requireWorker, withPatience } = await import('../../client/workers.ts');
    const { refused } = await planRetry(services, model, { run, from });
    if (refused.length > 0) throw new RetryRefused(run, from, refused);
    await requireWorker(services.client);
    const reason = `${options.reason} (${run} again, from ${from})`;
    const trigger = { kind: 'manual' as const, reason, by: person(options.by), retry: { run, from } };
    const over = new AbortController();
    const asked = sendTrigger(services, model, trigger, over.signal);
    const answer = await withProgress(context, `comparing with ${run}`, () =>
      withPatience(services.client, 60_000, asked),
    ).finally(() => over.abort());
    context.show({ ...answer, retry: { run, from } }, () => answerText(model, answer));
    if (answer.answer === 'skipped') context.exitWith(3);
  });
}
