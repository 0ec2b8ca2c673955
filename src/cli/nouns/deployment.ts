/** `hone deployment`: ask a target outside hone what it serves, bring it back by hand, answer a call from a pipeline. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { ModelConfig } from '../../config/model.ts';
import type { DeploymentTarget, TargetStatus } from '../../deployment/contract.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { ledgerOf } from '../refs.ts';
import { facts } from '../table.ts';

interface AnswerOptions {
  readonly call: string;
  readonly keyEnv: string;
  readonly failed?: string;
}

export function register(program: Command, context: CliContext): void {
  const noun = program
    .command('deployment')
    .description('the deployment target of a model, where it is a pipeline or a program');
  withExamples(noun, [
    ['deployment status flights-delay', 'what the target says, beside what the ledger wants'],
    ['deployment rollback flights-delay --to 7', 'the target alone, when it did not follow a rollback'],
    [`deployment answer --call '{"contract":"hone/deployment-call/1",…}'`, 'from a pipeline: the change was made'],
  ]);
  noun
    .command('status <model>')
    .description('what it serves, and what it should; 6 where they differ')
    .action((model: string) => status(context, model));
  noun
    .command('rollback <model>')
    .description('asks it for the version that the ledger wants; the ledger stays as it is')
    .requiredOption('--to <version>', 'the version that is champion in the ledger')
    .action((model: string, options: { to: string }) => rollback(context, model, options.to));
  noun
    .command('answer')
    .description('sends the signed callback to a call that a pipeline was given')
    .requiredOption('--call <json>', 'the call, as it came')
    .option('--key-env <name>', 'environment variable with the secret', 'HONE_DEPLOY_KEY')
    .option('--failed <reason>', 'the change was not made, and why')
    .action((options: AnswerOptions) => answer(context, options));
}

interface Opened {
  readonly config: ModelConfig;
  readonly target: DeploymentTarget;
  readonly wanted: number | null;
}

async function opened(context: CliContext, model: string): Promise<Opened> {
  const state = await (await ledgerOf(context, model)).state();
  const [{ openTarget }, { configSnapshotSchema }, { getByDigest }] = [
    await import('../../deployment/open-target.ts'),
    await import('../../config/snapshot.ts'),
    await import('../../store/content.ts'),
  ];
  if (state.config === null)
    throw new UsageError(`${model} has no configuration in the ledger; run \`hone config apply\`.`);
  const { model: config } = await getByDigest(await context.store(), 'configs', state.config, configSnapshotSchema);
  const place = { workspace: await context.workspaceDir(), environment: context.terminal.env };
  const target = openTarget(config, place);
  if (target === null)
    throw new UsageError(`${model} is served by hone itself; what its servers do: hone model show ${model}`);
  return { config, target, wanted: state.aliases.champion?.version ?? null };
}

async function status(context: CliContext, model: string): Promise<void> {
  const { config, target, wanted } = await opened(context, model);
  const { rolloutSentence } = await import('../../deployment/contract.ts');
  const [{ split }, found] = [await target.capabilities(), await target.status()];
  const kind = typeof config.deploy.target === 'string' ? 'server' : config.deploy.target.kind;
  const agrees = agreesWith(found, wanted);
  const document = { model, target: kind, split, wanted, ...found, agrees };
  context.show(document, () =>
    [
      facts([
        ['Target', kind],
        ['Serves', text(found)],
        ['Ledger', wanted === null ? 'no version yet' : `version ${wanted}`],
      ]),
      ...(kind === 'server' ? [] : [rolloutSentence(kind, split)]),
      ...(agrees || wanted === null
        ? []
        : [`They differ. Bring it back: hone deployment rollback ${model} --to ${wanted}`]),
    ].join('\n\n'),
  );
  if (!agrees) context.exitWith(6);
}

/** A target may serve a canary while a rollout is under way; that is no difference. */
const agreesWith = ({ version, share, healthy }: TargetStatus, wanted: number | null): boolean =>
  healthy && (version === wanted || share < 100);

const text = ({ version, share, healthy, problem }: TargetStatus): string =>
  `${version === null ? 'no version' : `version ${version} at ${share} %`}${healthy ? '' : `, not healthy${problem ? `: ${problem}` : ''}`}`;

async function rollback(context: CliContext, model: string, to: string): Promise<void> {
  if (!/^([1-9]\d{0,8}|none)$/.test(to))
    throw new UsageError(`--to ${JSON.stringify(to)} is no version; write its number, or none.`);
  const { target, wanted } = await opened(context, model);
  const version = to === 'none' ? null : Number(to);
  if (version !== wanted)
    throw new UsageError(
      `The ledger wants ${wanted === null ? 'no version' : `version ${wanted}`}, not ${to}, and the target has to follow it. ` +
        `Move the ledger and the target together: hone rollback ${model} --to ${version ?? '<version>'} --reason "…"`,
    );
  const key = `by-hand/${model}/${to}/${randomUUID()}`;
  const taken = await target.rollback({ key, version, share: version === null ? 0 : 100 });
  const found = await target.status();
  const done = taken === 'done' && agreesWith(found, version);
  const sentence = done
    ? `The target serves ${text(found)}.`
    : `The target has taken it and says ${text(found)} now. Look again: hone deployment status ${model}`;
  context.show({ model, to: version, key, taken, ...found }, () => sentence);
}

async function answer(context: CliContext, { call, keyEnv, failed }: AnswerOptions): Promise<void> {
  const { deploymentCall } = await import('../../deployment/contract.ts');
  const { sendAnswer } = await import('../../deployment/send-answer.ts');
  let value: unknown;
  try {
    value = JSON.parse(call);
  } catch {
    throw new UsageError('--call is no JSON. Pass the call as it came, in single quotes.');
  }
  const parsed = deploymentCall.safeParse(value);
  if (!parsed.success) throw new UsageError(`--call is no call of hone: ${parsed.error.issues[0]?.message}.`);
  const secret = context.terminal.env[keyEnv];
  if (!secret)
    throw new UsageError(`The environment variable ${keyEnv} is not set; it holds the secret of both sides.`);
  const sent = await sendAnswer(parsed.data, { secret, failed: failed ?? null });
  context.show(
    sent,
    () => `${sent.answer}; the ledger wants ${sent.wanted === null ? 'no version' : `version ${sent.wanted}`}.`,
  );
}
