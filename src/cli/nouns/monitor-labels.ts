/** `hone monitor labels`: labels from a file or from SQL over one, and how many predictions have one. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ModelConfig } from '../../config/model.ts';
import type { Coverage } from '../../monitoring/labels/label-coverage.ts';
import type { Imported } from '../../monitoring/labels/label-import.ts';
import { utc } from '../../times.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { withProgress } from '../progress.ts';
import { ledgerOf } from '../refs.ts';
import { wrap } from '../run-text.ts';
import { asOfOf } from '../services.ts';
import { facts, table } from '../table.ts';

interface ImportOptions {
  readonly from: string;
  readonly query?: string;
  readonly id: string;
  readonly label: string;
  readonly observed: string;
  readonly dryRun?: true;
}

export function registerLabels(monitor: Command, context: CliContext): void {
  const noun = monitor.command('labels').description('labels that come in files, and how many predictions have one');
  withExamples(noun, [
    ['monitor labels import flights-delay --from april.csv', 'columns inference_id, label, observed_at'],
    ['monitor labels show flights-delay', 'coverage by week, as it was known and as it is now'],
  ]);
  noun
    .command('import <model>')
    .description('records the labels of a CSV, JSON lines or Parquet file; once, however often it is asked')
    .requiredOption('--from <file>', 'the file')
    .option('--query <select>', 'SQL over the view `source`, which is the file')
    .option('--id <column>', 'column of the inference id', 'inference_id')
    .option('--label <column>', 'column of the label', 'label')
    .option('--observed <column>', 'column of the time at which the outcome was known', 'observed_at')
    .option('--dry-run', 'counts, and records nothing')
    .action((model: string, options: ImportOptions) => importFile(context, model, options));
  noun
    .command('show <model>')
    .description('labels known of each week: some days after it, and now')
    .option('--weeks <n>', 'how many', '8')
    .action((model: string, options: { weeks: string }) => show(context, model, options));
}

async function importFile(context: CliContext, model: string, options: ImportOptions): Promise<void> {
  const ledger = await ledgerOf(context, model);
  const { workspace, store, config } = await configured(context, model);
  const { readVersion } = await import('../../registry/versions.ts');
  const { importLabels } = await import('../../monitoring/labels/label-import.ts');
  const { inScratch } = await import('../scratch.ts');
  const champion = (await ledger.state()).aliases.champion?.version;
  const classes =
    config.task === 'multiclass' && champion !== undefined
      ? ((await readVersion(store, model, champion)).signature.classes ?? [])
      : [];
  const asOf = await asOfOf({ workspace, store });
  const imported = await withProgress(context, `reading and checking ${options.from}`, () =>
    inScratch((scratch) =>
      importLabels({
        store,
        config,
        scale: { task: config.task, positive: config.data.label.positive ?? null, classes },
        file: resolve(context.terminal.cwd, options.from),
        ...(options.query === undefined ? {} : { query: options.query }),
        columns: { id: options.id, label: options.label, observed: options.observed },
        asOf,
        recordedAt: Date.now(),
        dryRun: options.dryRun === true,
        ...scratch,
      }),
    ),
  );
  const dry_run = options.dryRun === true;
  context.show({ model, file: options.from, dry_run, ...imported }, () => importedText(imported, dry_run));
}

/** A model whose file is gone takes no more labels. */
async function configured(context: CliContext, model: string) {
  const workspace = await context.workspace();
  const config: ModelConfig | undefined = workspace.models.get(model)?.config;
  if (config === undefined) throw new UsageError(`${model} has no file under config/models any more.`);
  return { workspace, store: await context.store(), config };
}

export function importedText(imported: Imported, dryRun: boolean): string {
  const { rows, recorded, corrected, repeated, unknown, too_late: late, examples } = imported;
  const refused = unknown + late;
  return [
    facts([
      ['Rows', String(rows)],
      [dryRun ? 'Would be recorded' : 'Recorded', `${recorded}, of which ${corrected} correct an earlier label`],
      ['Ignored', `${repeated} repeat the label that is known`],
      ['Refused', `${unknown} for predictions that are not in the log, ${late} observed too late`],
    ]),
    ...(refused === 0 ? [] : [wrap(`Refused, among others: ${examples.join(', ')}.`).join('\n')]),
  ].join('\n\n');
}

async function show(context: CliContext, model: string, options: { weeks: string }): Promise<void> {
  if (!/^[1-9]\d?$/.test(options.weeks)) throw new UsageError(`--weeks ${options.weeks} is no count from 1 to 99.`);
  await ledgerOf(context, model);
  const { workspace, store, config } = await configured(context, model);
  const { labelCoverage } = await import('../../monitoring/labels/label-coverage.ts');
  const { inScratch } = await import('../scratch.ts');
  const asOf = await asOfOf({ workspace, store });
  const weeks = Number(options.weeks);
  const coverage = await withProgress(context, 'counting labels', () =>
    inScratch((scratch) => labelCoverage({ store, config, asOf, weeks, ...scratch })),
  );
  context.show({ model, ...coverage }, () => coverageText(model, coverage));
}

export function coverageText(model: string, { as_of, counts, weeks }: Coverage): string {
  if (weeks.length === 0) return `No prediction of ${model} was logged yet.`;
  const share = (value: number | null): string => (value === null ? '-' : `${(100 * value).toFixed(1)} %`);
  const rows = weeks.map(({ window, predictions, known, coverage, corrected }) => [
    window.from.slice(0, 10),
    String(predictions),
    ...known.map((one) => share(one.coverage)),
    share(coverage),
    String(corrected),
  ]);
  const days = weeks[0]?.known.map(({ day }) => `DAY ${day}`) ?? [];
  return [
    `${model} as of ${utc(as_of)}: share of predictions with a label`,
    table(['WEEK OF', 'PREDICTIONS', ...days, 'NOW', 'CORRECTED'], rows),
    wrap(
      `${counts.labelled} predictions have a label; ${counts.corrected} corrections, ${counts.repeated} repetitions ignored, ` +
        `${counts.unknown} ids refused because nobody predicted them, ${counts.too_late} labels refused as too late.`,
    ).join('\n'),
  ].join('\n\n');
}
