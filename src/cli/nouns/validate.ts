/** `hone validate`: is this delivery fit to train on? Files only, without a server or a store. */
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { findWorkspace, type LoadedModel, loadModelFile, modelOf } from '../../config/load.ts';
import type { DeliveryReport } from '../../data/validation/delivery-report.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { modelFileAt } from '../model-file.ts';
import { withProgress } from '../progress.ts';
import { instantOption } from '../services.ts';
import { deliveryText } from '../validate/text.ts';

interface Options {
  readonly data: string;
  readonly history?: string;
  readonly asOf?: string;
}

export function register(program: Command, context: CliContext): void {
  const noun = program
    .command('validate <model>')
    .description('is this delivery fit to train on? needs no server and no store')
    .requiredOption('--data <path>', 'a file, a glob or a folder: Parquet, CSV or JSON lines')
    .option('--history <path>', 'earlier deliveries to compare with')
    .option('--as-of <time>', 'nothing may be later (default: the newest event in the data that is past)');
  withExamples(noun, [
    ['validate flights-delay --data new.parquet', 'exit code 0: pass or quarantine, 3: reject'],
    ['validate config/models/mine.yaml --data new.csv --json', 'a model file, and a report for programs'],
    ['validate flights-delay --data june.parquet --history may.parquet', 'also volume, gaps and new values'],
  ]);
  noun.action(async (model: string, options: Options) => {
    const { loaded, base } = await find(context, model);
    const report = await withProgress(context, 'looking at the files', (onProgress) =>
      run(context, loaded, base, options, onProgress),
    );
    context.show(report, () => deliveryText(report, loaded.config.model, context.colors));
    if (report.verdict === 'reject') context.exitWith(3);
  });
}

/** A path wins where there is such a file; everything else is a name in the workspace. */
async function find(context: CliContext, model: string): Promise<{ loaded: LoadedModel; base: string }> {
  const file = await modelFileAt(context, model);
  if (file === undefined && !/\.ya?ml$/.test(model)) {
    const workspace = await context.workspace();
    return { loaded: modelOf(workspace, model), base: workspace.dir };
  }
  const path = file ?? resolve(context.terminal.cwd, model);
  const base = await findWorkspace(dirname(path)).catch(() => context.terminal.cwd);
  return { loaded: await loadModelFile(path), base };
}

async function run(
  context: CliContext,
  { config }: LoadedModel,
  base: string,
  { data, history, asOf }: Options,
  onProgress: (sentence: string) => void,
): Promise<DeliveryReport> {
  const { validateDelivery } = await import('../../data/validation/delivery.ts');
  const { SourceMissing } = await import('../../data/ingest/errors.ts');
  const { inScratch } = await import('../scratch.ts');
  const { cwd } = context.terminal;
  const now = context.terminal.now().toISOString();
  const times = { asOf: asOf === undefined ? null : instantOption('--as-of', asOf), now };
  const past = history === undefined ? {} : { history };
  try {
    return await inScratch(({ workDir, signal }) =>
      validateDelivery({ config, data, ...past, ...times, workDir, cwd, base, signal, onProgress }),
    );
  } catch (error) {
    if (!(error instanceof SourceMissing)) throw error;
    throw new UsageError(
      `No file matches ${history === undefined ? data : `${data} or ${history}`}. Nothing was read.`,
    );
  }
}
