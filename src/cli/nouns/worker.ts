/** `hone worker`: builds of the worker, where `temporal.deployment` of config/hone.yaml keeps them apart. */
import type { Command } from 'commander';
import { NotDeployed } from '../../client/errors.ts';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { type Services, withServices } from '../services.ts';
import { table } from '../table.ts';

export function register(program: Command, context: CliContext): void {
  const noun = program
    .command('worker')
    .description('builds of the worker: which takes new runs, which can be stopped');
  withExamples(noun, [
    ['worker list', 'which builds there are, and which is current'],
    ['worker promote', 'new runs go to the newest build; open ones end on theirs'],
  ]);
  noun
    .command('list')
    .description('builds that Temporal knows, newest first')
    .action(() => list(context));
  noun
    .command('promote [build]')
    .description('make a build current, by default the newest; runs under way stay on theirs')
    .action((build?: string) => promote(context, build));
}

/** @throws NotDeployed */
function deploymentOf({ workspace }: Services): string {
  const { deployment } = workspace.hone.temporal;
  if (deployment === undefined) throw new NotDeployed(null);
  return deployment;
}

async function list(context: CliContext): Promise<void> {
  await withServices(context, async (services) => {
    const { workerBuilds } = await import('../../client/worker-builds.ts');
    const deployment = deploymentOf(services);
    const builds = await workerBuilds(services.client, deployment);
    const rows = builds.map(({ build, state, first_seen }) => [build, state, first_seen ?? '-']);
    context.show({ deployment, builds }, () =>
      rows.length === 0
        ? `No worker of ${deployment} yet. Start one: hone up`
        : table(['BUILD', 'STATE', 'SINCE'], rows),
    );
  });
}

async function promote(context: CliContext, build: string | undefined): Promise<void> {
  await withServices(context, async (services) => {
    const { promoteBuild } = await import('../../client/worker-builds.ts');
    const done = await promoteBuild(services.client, deploymentOf(services), build);
    context.show(done, () => done.sentence);
  });
}
