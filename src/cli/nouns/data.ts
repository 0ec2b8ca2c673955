/** `hone data`: rows that validation set aside: look at them, take them back, vouch for them. */
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import {
  listAside,
  type ReadmitOptions,
  readmitRows,
  type ShowOptions,
  showAside,
  type WithdrawOptions,
  withdraw,
} from '../quarantine/actions.ts';

const BY = ['--by <name>', 'who decides (default: your account here)'] as const;

export function register(program: Command, context: CliContext): void {
  const noun = program.command('data').description('rows that validation set aside: look at them, take them back');
  const quarantine = noun.command('quarantine').description('list, show, readmit, withdraw');
  withExamples(noun, [
    ['data quarantine list flights-delay', 'the runs that set rows aside, and why'],
    ['data quarantine show flights-delay --limit 5', 'rows of the newest one'],
    [
      'data quarantine readmit flights-delay --run flights-delay-000042 --reason "range widened"',
      'after a rule change',
    ],
  ]);
  quarantine
    .command('list <model>')
    .description('the runs that set rows aside: when, how many, by which rules; and the vouches in force')
    .action((model: string) => listAside(context, model));
  quarantine
    .command('show <model>')
    .description('rows with their reasons; columns that monitoring.log does not keep are left out')
    .option('--run <run>', 'which run (default: the newest that set rows aside)')
    .option('--rule <rule>', 'only rows under this rule, such as between, or "between sched_dep_minute"')
    .option('--limit <n>', 'how many rows', '20')
    .option('--clear', 'show every column as it was delivered')
    .action((model: string, options: ShowOptions) => showAside(context, model, options));
  withExamples(
    quarantine.command('readmit <model>').description('take rows back that hold the rules of the model file now'),
    [
      ['data quarantine readmit flights-delay --run flights-delay-000042 --reason "range widened"', 'checked again'],
      [
        'data quarantine readmit flights-delay --run flights-delay-000042 --rule between --vouch --id 17 --id 18 --reason "seen on paper"',
        'exempt from that rule',
      ],
    ],
  )
    .requiredOption('--run <run>', 'the run that set them aside')
    .requiredOption('--reason <text>', 'why; kept in the ledger')
    .option('--rule <rule>', 'only rows under this rule')
    .option('--vouch', 'exempt the rows from the rule as it is defined, instead of checking them again')
    .option('--id <id>', 'with --vouch: a row; give it once for each', (id: string, ids: string[]) => [...ids, id], [])
    .option('--all', 'with --vouch: every row that the rule set aside in that run')
    .option(...BY)
    .action((model: string, options: ReadmitOptions) => readmitRows(context, model, options));
  withExamples(quarantine.command('withdraw <model> <readmission>').description('end a vouch'), [
    ['data quarantine withdraw flights-delay 1f3a9c2e --reason "was a mistake"', 'from the next run on'],
  ])
    .requiredOption('--reason <text>', 'why; kept in the ledger')
    .option(...BY)
    .action((model: string, readmission: string, options: WithdrawOptions) =>
      withdraw(context, model, readmission, options),
    );
}
