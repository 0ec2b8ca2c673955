/** `hone approve`, `reject`, `comment`: a decision names the packet that was read, and who decides. */
import type { Command } from 'commander';
import { modelOfRun } from '../../client/run-id.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { type Services, withServices } from '../services.ts';

interface DecisionOptions {
  readonly packet?: string;
  readonly by: string;
  readonly comment?: string;
  readonly breakGlass?: true;
  readonly reason?: string;
  readonly print?: true;
}
type Kind = 'approve' | 'reject';

export function register(program: Command, context: CliContext): void {
  withExamples(program.command('approve <run>').description('let the version of a run be deployed'), [
    ['packet show flights-delay-000042', 'first read the evidence; it names its digest'],
    ['approve flights-delay-000042 --packet 1f3a9c2e --by ana', 'then decide on exactly that'],
    [
      'approve flights-delay-000042 --packet 1f3a9c2e --by ana --break-glass --reason "fraud wave"',
      'alone, where the policy lets you; reviewed later',
    ],
  ])
    .option('--packet <digest8>', 'first 8 digits of the packet that you have read; asked for on a terminal')
    .requiredOption('--by <name>', 'who decides')
    .option('--comment <text>', 'why')
    .option('--break-glass', 'approve alone: needs --reason, and somebody else reviews it later')
    .option('--reason <text>', 'the same as --comment')
    .option('--print', 'send nothing; print the JSON, signed where you have a key, to paste into the Temporal UI')
    .action((run: string, options: DecisionOptions) => decide(context, run, 'approve', options));
  withExamples(program.command('reject <run>').description('end a run without deploying; the champion stays'), [
    ['reject flights-delay-000042 --packet 1f3a9c2e --by ana --comment "JFK is worse"', 'the reason is kept'],
  ])
    .option('--packet <digest8>', 'first 8 digits of the packet that you have read; asked for on a terminal')
    .requiredOption('--by <name>', 'who decides')
    .requiredOption('--comment <text>', 'the reason')
    .option('--print', 'send nothing; print the JSON, signed where you have a key, to paste into the Temporal UI')
    .action((run: string, options: DecisionOptions) => decide(context, run, 'reject', options));
  withExamples(program.command('comment <run>').description('leave a note on a run; decides nothing'), [
    ['comment flights-delay-000042 --by dana --comment "looking at JFK"', 'the approvers see it'],
  ])
    .requiredOption('--by <name>', 'who says it')
    .requiredOption('--comment <text>', 'what')
    .action((run: string, options: { by: string; comment: string }) => comment(context, run, options));
}

async function decide(context: CliContext, run: string, kind: Kind, options: DecisionOptions): Promise<void> {
  const comment = options.comment ?? options.reason;
  if (options.breakGlass && !comment?.trim())
    throw new UsageError('--break-glass needs --reason: it is reviewed later by somebody else. Nothing was decided.');
  await withServices(context, async (services) => {
    const asked = { ...options, ...(comment === undefined ? {} : { comment }) };
    const packet = options.packet ?? (await readAndAsk(context, services, run, kind, asked));
    if (!/^[0-9a-f]{8,64}$/.test(packet))
      throw new UsageError(
        `--packet ${JSON.stringify(packet)} is no digest; write its first 8 digits, such as 1f3a9c2e.`,
      );
    const { by } = options;
    const [{ signed }, client] = [await import('../signed.ts'), await import('../../client/decisions.ts')];
    const said = await signed(context, services, run, kind, {
      ...{ packet, by },
      ...(comment === undefined ? {} : { comment }),
      ...(options.breakGlass ? { break_glass: true as const } : {}),
    });
    if (options.print) return context.show(said, () => JSON.stringify(said));
    const { answered } = await import('../../client/answers.ts');
    const answer = await answered(services.client, run, () => client.decide(services.client, run, kind, said));
    const trust = said.signature ? 'signed' : 'asserted';
    const note = said.signature ? `Signed with key ${said.signature.key}.` : TAKEN_AS_GIVEN;
    context.show(
      { run, kind, by, packet, trust, answer },
      () => `${answer}\n${note}\nFollow it: hone run watch ${run}`,
    );
  });
}

const TAKEN_AS_GIVEN = 'Your name was taken as given (asserted); `hone identity enrol <name>` makes a key that signs.';

async function comment(context: CliContext, run: string, said: { by: string; comment: string }): Promise<void> {
  await withServices(context, async (services) => {
    const { sayOn } = await import('../../client/decisions.ts');
    const { answered } = await import('../../client/answers.ts');
    const answer = await answered(services.client, run, () => sayOn(services.client, run, said));
    context.show({ run, kind: 'comment', by: said.by, answer }, () => answer);
  });
}

async function readAndAsk(
  context: CliContext,
  { client, store }: Services,
  run: string,
  kind: Kind,
  { by, comment }: DecisionOptions,
): Promise<string> {
  const { packetOfRun } = await import('../../gate/read-packet.ts');
  const packet = await packetOfRun(store, modelOfRun(run), run);
  const found = await client.describeRun(run);
  if (packet === null || found !== 'open') {
    const { RunClosed, RunUnknown } = await import('../../client/errors.ts');
    if (found === 'missing') throw new RunUnknown(run);
    if (found === 'closed') throw new RunClosed(run, null);
    throw new UsageError(
      `Nothing waits for a decision yet: ${run} has no packet. See where it is: hone run show ${run}`,
    );
  }
  const because = comment === undefined ? '' : ` --comment ${JSON.stringify(comment)}`;
  const command = `hone ${kind} ${run} --packet ${packet.short} --by ${by}${because}`;
  const { ask } = context.terminal;
  if (ask === undefined) {
    throw new UsageError(
      `A decision names the packet that was read, and there is no terminal to ask on. Nothing was decided.\n` +
        `  hone packet show ${run}\n  ${command}`,
    );
  }
  const { packetText } = await import('../../gate/render.ts');
  context.terminal.err(`${packetText(packet)}\n`);
  const verb = kind === 'approve' ? `approve it as ${by}` : `reject it as ${by}`;
  const typed = (await ask(`Type ${packet.short} to ${verb}, anything else to leave it: `)).trim();
  if (typed !== packet.short) throw new UsageError(`Left as it was. Decide later with: ${command}`);
  return packet.short;
}
