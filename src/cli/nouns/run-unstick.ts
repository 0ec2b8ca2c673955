/** `hone run unstick`: frees a run that does not get on, and says what that cost. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Freed } from '../../client/unstick.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { asOfOf, person, withServices } from '../services.ts';

export function registerUnstick(noun: Command, context: CliContext): void {
  withExamples(
    noun
      .command('unstick <run>')
      .description('free a run (or another workflow of hone) that does not get on: unpause, try again, or go back'),
    [
      ['run unstick flights-delay-000042', 'as `hone doctor` says'],
      ["run unstick 'model/flights-delay'", 'the owner of a model'],
    ],
  )
    .option('--by <name>', 'who asks (default: your account here)')
    .action((run: string, options: { by?: string }) => unstickRun(context, run, person(options.by)));
}

async function unstickRun(context: CliContext, run: string, by: string): Promise<void> {
  await withServices(context, async (services) => {
    const { unstick } = await import('../../client/unstick.ts');
    const freed = await unstick(services.client, run, by);
    if (freed.did !== null) await note(services.store, await asOfOf(services), freed, by);
    context.show(freed, () => freed.sentence);
  });
}

/** In the ledger of its model; other workflows than runs belong to none of a run's changes. */
async function note(store: ObjectStore, as_of: string, { workflow, sentence }: Freed, by: string): Promise<void> {
  const { modelOfRun } = await import('../../client/run-id.ts');
  const { RunUnknown } = await import('../../client/errors.ts');
  const { openLedger } = await import('../../registry/ledger.ts');
  const { noteRepair } = await import('../../registry/repairs.ts');
  try {
    await openLedger(store, modelOfRun(workflow)).append({
      effectId: `unstick/${workflow}/${randomUUID()}`,
      ...{ as_of, actor: by, trust: 'asserted', why: sentence },
      step: noteRepair({ what: 'run', subject: workflow }),
    });
  } catch (error) {
    if (!(error instanceof RunUnknown)) throw error;
  }
}
