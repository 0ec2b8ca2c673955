/** `hone up` and `hone down`: everything that a workspace needs, on this machine. */
import type { Command } from 'commander';
import type { BroughtUp } from '../../local/bring-up.ts';
import type { ProcessRecord } from '../../local/process-records.ts';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { person } from '../services.ts';
import { facts, table } from '../table.ts';
import { appliedText } from './config-apply.ts';

export function register(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('up')
      .description('start Temporal, a worker, the prediction server and the pages; apply the configuration'),
    [
      ['up', 'start what is missing, and return'],
      ['up --foreground', 'until Ctrl-C, then stop everything'],
      ['down', 'stop it all; store and history stay'],
    ],
  )
    .option('--keep-running', 'go on after this command returns (this is the default)')
    .option('--foreground', 'stay here until Ctrl-C, then stop everything')
    .action((options: { foreground?: true }) => up(context, options.foreground === true));
  program
    .command('down')
    .description('stop what `hone up` started; store, models and history stay')
    .action(() => down(context));
}

async function up(context: CliContext, foreground: boolean): Promise<void> {
  const workspace = await context.workspace();
  const { bringUp } = await import('../../local/bring-up.ts');
  const onProgress = (sentence: string) => context.say(sentence);
  const brought = await bringUp(workspace, { tied: foreground, by: person(undefined), onProgress });
  context.show(brought, () => upText(brought, workspace.models.keys().next().value));
  if (!foreground) return;
  context.say('Running until Ctrl-C.');
  await new Promise<void>((stop) => {
    const beat = setInterval(() => undefined, 60_000); // the parts do not keep this process alive
    const end = () => {
      clearInterval(beat);
      stop();
    };
    process.once('SIGINT', end);
    process.once('SIGTERM', end);
  });
  const { stopAll } = await import('../../local/up.ts');
  await stopAll(workspace.dir);
  context.say('Stopped.');
}

export function upText(
  { store, temporal, serving, web, started, applied }: BroughtUp,
  model: string | undefined,
): string {
  const name = model ?? '<model>';
  const parts = facts([
    ...(web === null ? [] : ([['Pages', web.url]] as const)),
    ['Temporal', temporal.address],
    ['Its own pages', temporal.ui ?? 'none'],
    ['Predictions', `${serving.url}/v1/models/${name}/predict`],
    ['Store', store],
    ['Started now', started.length === 0 ? 'nothing, everything ran already' : started.join(', ')],
  ]);
  const next = facts([
    [`  hone run start ${name}`, 'train, judge and ask for approval'],
    [`  hone model show ${name}`, 'what is live'],
    ['  hone down', 'stop it all'],
  ]);
  return `Up.\n\n${parts}\n\n${appliedText(applied)}\n\nNext:\n${next}`;
}

async function down(context: CliContext): Promise<void> {
  const dir = await context.workspaceDir();
  const { stopAll } = await import('../../local/up.ts');
  const stopped = await stopAll(dir);
  const document = stopped.map(({ name, pid, started_at }) => ({ name, pid, started_at }));
  context.show({ stopped: document }, () => downText(stopped));
}

function downText(stopped: readonly ProcessRecord[]): string {
  if (stopped.length === 0) return 'Nothing of this workspace was running.';
  const rows = stopped.map(({ name, pid, started_at }) => [name, String(pid), started_at]);
  return `${table(['STOPPED', 'PROCESS', 'SINCE'], rows)}\n\nStore, models and history stay. Start again: hone up`;
}
