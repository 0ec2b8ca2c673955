/** `hone monitor log`: predictions that were made by a server other than hone's, from a file. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ImportedLog } from '../../monitoring/log/log-import.ts';
import { utc } from '../../times.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { withProgress } from '../progress.ts';
import { ledgerOf } from '../refs.ts';
import { asOfOf } from '../services.ts';
import { facts } from '../table.ts';

interface ImportOptions {
  readonly from: string;
  readonly id: string;
  readonly time: string;
  readonly versionColumn: string;
  readonly score: string;
  readonly dryRun?: true;
}

export function registerLog(monitor: Command, context: CliContext): void {
  const noun = monitor.command('log').description('predictions that another server made, in files');
  withExamples(noun, [
    ['monitor log import flights-delay --from served.parquet', 'inference_id, event_time, version, score, features'],
  ]);
  noun
    .command('import <model>')
    .description('logs the predictions of a CSV, JSON lines or Parquet file; once, however often it is asked')
    .requiredOption('--from <file>', 'the file; features under their own names, and optionally `arm`')
    .option('--id <column>', 'column of the inference id', 'inference_id')
    .option('--time <column>', 'column of the event time', 'event_time')
    .option('--version-column <column>', 'column of the version that answered', 'version')
    .option('--score <column>', 'column of the probability or value', 'score')
    .option('--dry-run', 'counts, and records nothing')
    .action((model: string, options: ImportOptions) => importFile(context, model, options));
}

async function importFile(context: CliContext, model: string, options: ImportOptions): Promise<void> {
  const ledger = await ledgerOf(context, model);
  const workspace = await context.workspace();
  const store = await context.store();
  const config = workspace.models.get(model)?.config;
  if (config === undefined) throw new UsageError(`${model} has no file under config/models any more.`);
  const { importPredictions } = await import('../../monitoring/log/log-import.ts');
  const { hashKey, servingCacheOf } = await import('../../monitoring/log/hash-key.ts');
  const { createLogger } = await import('../../telemetry/logger.ts');
  const { inScratch } = await import('../scratch.ts');
  const dir = await context.workspaceDir();
  const { nextVersion } = await ledger.state();
  const asOf = await asOfOf({ workspace, store });
  const place = { reference: workspace.hone.log_hash_key, dir, cacheDir: servingCacheOf(dir) };
  const dry_run = options.dryRun === true;
  const imported = await withProgress(context, `reading and checking ${options.from}`, () =>
    inScratch((scratch) =>
      importPredictions({
        ...{ store, config, nextVersion, asOf, recordedAt: Date.now(), dryRun: dry_run, ...scratch },
        file: resolve(context.terminal.cwd, options.from),
        columns: { id: options.id, time: options.time, version: options.versionColumn, score: options.score },
        hashKey: () => hashKey(place, createLogger('cli', 'silent')),
      }),
    ),
  );
  context.show({ model, file: options.from, dry_run, ...imported }, () => importedText(imported, dry_run));
}

function importedText(
  { rows, recorded, repeated, versions, from, to, features }: ImportedLog,
  dryRun: boolean,
): string {
  return facts([
    ['Rows', String(rows)],
    [dryRun ? 'Would be logged' : 'Logged', String(recorded)],
    ['Ignored', `${repeated} are in the log already`],
    ['Versions', versions.join(', ') || 'none'],
    ['Event times', from === null || to === null ? 'none' : `${utc(from)} to ${utc(to)}`],
    ['Features', features.length === 0 ? 'none: monitoring.log drops them' : features.join(', ')],
  ]);
}
