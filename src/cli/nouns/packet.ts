/** `hone packet show`: the evidence that an approver decides on. */
import type { Command } from 'commander';
import { modelOfRun } from '../../client/run-id.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';

export function register(program: Command, context: CliContext): void {
  const noun = program.command('packet').description('the evidence on which a run is approved or rejected');
  const command = noun
    .command('show <run>')
    .description('the packet of a run, as text or Markdown')
    .option('--md', 'as Markdown');
  withExamples(command, [
    ['packet show flights-delay-000042', 'what an approver reads'],
    ['packet show flights-delay-000042 --md', 'to paste into a review'],
  ]).action((run: string, options: { md?: true }) => show(context, run, options.md === true));
}

async function show(context: CliContext, run: string, markdown: boolean): Promise<void> {
  const model = modelOfRun(run);
  const [{ packetOfRun }, { packetMarkdown, packetText }] = [
    await import('../../gate/read-packet.ts'),
    await import('../../gate/render.ts'),
  ];
  const packet = await packetOfRun(await context.store(), model, run);
  if (packet === null)
    throw new UsageError(`${run} has no packet yet: it is made after the gate. See where it is: hone run show ${run}`);
  context.show(packet, () => (markdown ? packetMarkdown(packet) : packetText(packet)));
}
