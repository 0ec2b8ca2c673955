/** `hone evaluate`: a version judged on files that somebody names, alone or against another version. */
import type { Command } from 'commander';
import type { ModelConfig } from '../../config/model.ts';
import type { FilesEvaluation } from '../../evaluation/evaluate-files.ts';
import type { VersionManifest } from '../../registry/contract.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { withProgress } from '../progress.ts';
import { ledgerOf, parseRef } from '../refs.ts';
import { instantOption } from '../services.ts';

interface Options {
  readonly data: string;
  readonly against?: string;
  readonly asOf?: string;
  readonly cleanOnly?: true;
}

export function register(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('evaluate <version>')
      .description('how good a version is on files that you name, alone or against another; needs no server')
      .requiredOption('--data <path>', 'a file, a glob or a folder with labels: Parquet, CSV or JSON lines')
      .option('--against <version>', 'another version of the same model, on the same rows')
      .option('--as-of <time>', 'labels and events known then (default: now)')
      .option('--clean-only', 'without the rows that a compared version may have been fitted on'),
    [
      ['evaluate flights-delay@champion --data june.parquet', 'figures with bounds, slices, calibration'],
      ['evaluate flights-delay/8 --against flights-delay/7 --data "june/*.csv" --json', 'two versions, for a program'],
    ],
  ).action((version: string, options: Options) => evaluateVersion(context, version, options));
}

async function evaluateVersion(context: CliContext, text: string, options: Options): Promise<void> {
  const { model } = parseRef(text);
  await ledgerOf(context, model);
  const other = options.against === undefined ? null : parseRef(options.against);
  if (other && other.model !== model) {
    throw new UsageError(`--against names a version of ${other.model}; write one of ${model}. Nothing was read.`);
  }
  const store = await context.store();
  const version = await manifestOf(store, text);
  const against = options.against === undefined ? null : await manifestOf(store, options.against);
  const found = await evaluated(context, store, { version, against, options });
  const { evaluationText } = await import('../evaluation-text.ts');
  context.show(found, () => evaluationText(found));
}

async function evaluated(
  context: CliContext,
  store: ObjectStore,
  { version, against, options }: { version: VersionManifest; against: VersionManifest | null; options: Options },
): Promise<FilesEvaluation> {
  const { evaluateFiles } = await import('../../evaluation/evaluate-files.ts');
  const { SourceMissing } = await import('../../data/ingest/errors.ts');
  const { inScratch } = await import('../scratch.ts');
  const { data } = options;
  const asOf =
    options.asOf === undefined ? context.terminal.now().toISOString() : instantOption('--as-of', options.asOf);
  const config = await configOf(context, store, version);
  const order = { store, config, version, against, data, asOf, cleanOnly: options.cleanOnly === true };
  try {
    return await withProgress(context, `looking at ${data}`, (onProgress) =>
      inScratch((scratch) => evaluateFiles({ ...order, ...scratch, cwd: context.terminal.cwd, onProgress })),
    );
  } catch (error) {
    if (!(error instanceof SourceMissing)) throw error;
    throw new UsageError(`No file matches ${data}. Nothing was read.`);
  }
}

/** The model file as it is now says what is measured; a removed model is measured as its version was configured. */
async function configOf(context: CliContext, store: ObjectStore, version: VersionManifest): Promise<ModelConfig> {
  const loaded = (await context.workspace()).models.get(version.model);
  if (loaded) return loaded.config;
  const { configSnapshotSchema } = await import('../../config/snapshot.ts');
  const { getByDigest } = await import('../../store/content.ts');
  return (await getByDigest(store, 'configs', version.config, configSnapshotSchema)).model;
}

async function manifestOf(store: ObjectStore, text: string): Promise<VersionManifest> {
  const { model, ref } = parseRef(text);
  const { lineage } = await import('../../registry/lineage.ts');
  const { readVersion } = await import('../../registry/versions.ts');
  const { version, manifest } = await lineage(store, model, ref);
  return await readVersion(store, model, version, manifest);
}
