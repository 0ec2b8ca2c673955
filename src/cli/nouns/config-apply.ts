/** `hone config apply`: makes the files current; `--dry-run` shows the difference. */
import type { Command } from 'commander';
import type { Applied, ModelChange } from '../../client/apply.ts';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { withProgress } from '../progress.ts';
import { person, withServices } from '../services.ts';
import { table } from '../table.ts';

export function registerApply(noun: Command, context: CliContext): void {
  withExamples(
    noun.command('apply').description('make the files current: ledgers, schedules, search attributes; twice is once'),
    [
      ['config apply --dry-run', 'what would change'],
      ['config apply', 'change it'],
    ],
  )
    .option('--dry-run', 'change nothing, show the difference')
    .option('--by <name>', 'who applies it (default: your account here)')
    .action((options: { dryRun?: true; by?: string }) => apply(context, options));
}

async function apply(context: CliContext, { dryRun = false, by }: { dryRun?: boolean; by?: string }): Promise<void> {
  await withServices(context, async (services) => {
    const { applyWorkspace } = await import('../../client/apply.ts');
    const applied = await withProgress(context, 'comparing the files with what is applied', () =>
      applyWorkspace({ ...services, by: person(by), dryRun }),
    );
    context.show(applied, () => appliedText(applied));
  });
}

export function appliedText({ dry_run, models, schedules, search_attributes }: Applied): string {
  const moved = models.filter(({ change }) => change !== 'unchanged');
  const same = models.length - moved.length;
  if (moved.length + schedules.length + search_attributes.length === 0)
    return `Nothing ${dry_run ? 'would change' : 'has changed'}: ${same} ${same === 1 ? 'model is' : 'models are'} current.`;
  const lines = moved.map(({ model, change, config }) => [model, change, config?.slice(0, 8) ?? '-']);
  return [
    dry_run ? 'This would change:' : 'Applied.',
    ...(moved.length === 0 ? [] : [table(['MODEL', 'CHANGE', 'CONFIG'], lines)]),
    ...moved.filter(({ differences }) => differences.length > 0).map(differencesText),
    ...(schedules.length === 0
      ? []
      : [
          table(
            ['SCHEDULE', 'CHANGE'],
            schedules.map(({ schedule, change }) => [schedule, change]),
          ),
        ]),
    ...(search_attributes.length === 0
      ? []
      : [`Search attributes ${dry_run ? 'to register' : 'registered'}: ${search_attributes.join(', ')}`]),
    ...(moved.some(({ change }) => change === 'paused')
      ? ['Paused models start no runs; what they serve stays served.']
      : []),
    dry_run ? 'Do it: hone config apply' : 'Runs that are under way keep the configuration they started with.',
  ].join('\n\n');
}

function differencesText({ model, differences }: ModelChange): string {
  const rows = differences.map((one) => [one.path, valueText(one.from), valueText(one.to)]);
  return `${model}\n${table(['VALUE', 'FROM', 'TO'], rows)}`;
}

function valueText(value: unknown): string {
  if (value === undefined) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value).replaceAll(',', ', ');
}
