/** `hone query`: one SELECT over predictions, labels, business figures, versions, runs and ledger. */
import type { Command } from 'commander';
import type { QueryAnswer } from '../../monitoring/query/run-query.ts';
import { views } from '../../monitoring/query/views.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { withProgress } from '../progress.ts';
import { ledgerOf } from '../refs.ts';
import { wrap } from '../run-text.ts';
import { table } from '../table.ts';

interface QueryOptions {
  readonly model?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: string;
  readonly timeout: string;
  readonly csv?: true;
  readonly tables?: true;
}

export function register(program: Command, context: CliContext): void {
  const noun = program
    .command('query [select]')
    .description('asks with SQL what was recorded; reads only, needs no Temporal')
    .option('--model <model>', 'only this model (default: all)')
    .option('--from <day>', 'first day of events or observations, such as 2013-04-01')
    .option('--to <day>', 'the day after the last')
    .option('--limit <rows>', 'rows at most', '1000')
    .option('--timeout <seconds>', 'stops the statement', '30')
    .option('--csv', 'rows as CSV')
    .option('--tables', 'the views and their columns')
    .action((select: string | undefined, options: QueryOptions) => query(context, select, options));
  withExamples(noun, [
    ['query --tables', 'what can be asked'],
    ['query "select arm, count(*) from predictions group by arm" --model flights-delay', 'how many, by arm'],
    ['query "select * from runs order by started_at" --csv', 'every run, for a spreadsheet'],
  ]);
}

async function query(context: CliContext, select: string | undefined, options: QueryOptions): Promise<void> {
  if (options.tables) return context.show({ views }, tablesText);
  if (select === undefined) throw new UsageError('Say what to select, or list the views: hone query --tables.');
  const [limit, seconds] = [count('--limit', options.limit), count('--timeout', options.timeout)];
  if (options.csv && context.options.json) throw new UsageError('--csv and --json exclude each other.');
  const range = { ...(options.from && { from: day(options.from) }), ...(options.to && { to: day(options.to) }) };
  const models = await modelsOf(context, options.model);
  const store = await context.store();
  const { inScratch } = await import('../scratch.ts');
  const { runQuery } = await import('../../monitoring/query/run-query.ts');
  const asOf = context.terminal.now().toISOString();
  const answer = await withProgress(context, 'reading what was recorded', () =>
    inScratch((scratch) =>
      runQuery({ sql: select, store, models, range, asOf, limit, timeoutMs: seconds * 1000, ...scratch }),
    ),
  );
  if (options.csv) context.terminal.out(csvText(answer));
  else context.show({ ...answer, limit }, () => answerText(answer));
  if (answer.truncated) context.say(`There are more than ${limit} rows; --limit shows more.`);
}

async function modelsOf(context: CliContext, model: string | undefined): Promise<string[]> {
  if (model !== undefined) {
    await ledgerOf(context, model);
    return [model];
  }
  const { listModels } = await import('../../registry/models.ts');
  return await listModels(await context.store());
}

function count(option: string, text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new UsageError(`${option} ${text} is no count; write a whole number from 1 to 9999999.`);
}

function day(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) return `${text}T00:00:00.000Z`;
  throw new UsageError(`${JSON.stringify(text)} is no day; write one such as 2013-04-10.`);
}

function tablesText(): string {
  return Object.entries(views)
    .map(([name, { row, columns }]) => {
      const listed = Object.entries(columns).map(([column, type]) => `${column} ${type}`);
      return [
        name,
        ...wrap(`${row}.`).map((line) => `  ${line}`),
        ...wrap(listed.join(', ')).map((line) => `  ${line}`),
      ].join('\n');
    })
    .join('\n\n');
}

function answerText({ columns, rows }: QueryAnswer): string {
  if (rows.length === 0) return 'No row.';
  return table(
    columns.map(({ name }) => name),
    rows.map((row) => row.map(cell)),
  );
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** RFC 4180: a cell with a comma, a quote or a line break is quoted; nothing is an empty cell. */
function csvText({ columns, rows }: QueryAnswer): string {
  const field = (value: unknown): string => {
    const text = value === null || value === undefined ? '' : cell(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns.map(({ name }) => name), ...rows].map((row) => `${row.map(field).join(',')}\n`).join('');
}
