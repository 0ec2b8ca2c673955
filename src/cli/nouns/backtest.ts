/** `hone backtest`: which retraining policy would have done best on the past? Trains models, changes nothing. */
import { writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { BacktestReport } from '../../backtest/contract.ts';
import type { Policy } from '../../backtest/policy.ts';
import { type LoadedModel, modelOf } from '../../config/load.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { withProgress } from '../progress.ts';
import { instantOption } from '../services.ts';

interface Options {
  readonly from: string;
  readonly to: string;
  readonly policy?: readonly string[];
  readonly shift?: string;
  readonly html?: string;
  readonly keep?: true;
}

export function register(program: Command, context: CliContext): void {
  const noun = program
    .command('backtest <model>')
    .description('which retraining policy would have done best on the past? needs no server')
    .requiredOption('--from <time>', 'the first version is trained here, on what was known then')
    .requiredOption('--to <time>', 'rows before are scored, each by the version live at its time')
    .option('--policy <file|name...>', 'policies to replay: files, or names of those that hone brings')
    .option('--shift <time>', 'when the world changed: also tell how long each policy took to answer')
    .option('--html <file>', 'also write a report with a chart, one file without scripts')
    .option('--keep', 'also keep the report in the store, where the pages show it');
  withExamples(noun, [
    ['backtest flights-delay --from 2013-03-01 --to 2014-01-01', 'seven policies that hone brings'],
    [
      'backtest flights-delay --from 2013-03-01 --to 2014-01-01 --policy never own fortnightly.yaml',
      'some, and a file',
    ],
  ]);
  noun.action(async (model: string, options: Options) => {
    const workspace = await context.workspace();
    const loaded = modelOf(workspace, model);
    const policies = await policiesOf(context, workspace.dir, loaded, options.policy);
    const report = await run(context, workspace.dir, loaded, policies, options);
    const { backtestText } = await import('../backtest/text.ts');
    if (options.html !== undefined) await writePage(context, options.html, report);
    if (options.keep) await keep(context, report);
    context.show(report, () => backtestText(report));
  });
}

async function policiesOf(
  context: CliContext,
  dir: string,
  { config, file }: LoadedModel,
  asked: readonly string[] | undefined,
): Promise<Policy[]> {
  const { shippedPolicies } = await import('../../backtest/policy.ts');
  const shipped = shippedPolicies(config);
  if (asked === undefined) return shipped;
  const { readPolicyFile } = await import('../../backtest/policy-file.ts');
  const { PolicyFileMissing } = await import('../../backtest/errors.ts');
  const { cwd } = context.terminal;
  const named = asked.map(async (path) => {
    const known = shipped.find(({ name }) => name === path);
    if (known) return known;
    if (!/[./\\]/.test(path)) {
      const names = shipped.map(({ name }) => name);
      throw new PolicyFileMissing(path, 'no policy that hone brings has this name', names);
    }
    return readPolicyFile({ dir, modelFile: file, path, cwd });
  });
  return Promise.all(named);
}

async function run(
  context: CliContext,
  base: string,
  { config }: LoadedModel,
  policies: readonly Policy[],
  options: Options,
): Promise<BacktestReport> {
  const { backtest } = await import('../../backtest/backtest.ts');
  const { honeCacheFolder } = await import('../../local/cache-folder.ts');
  const { inScratch } = await import('../scratch.ts');
  const from = instantOption('--from', options.from);
  const to = instantOption('--to', options.to);
  const shift = options.shift === undefined ? {} : { shift: instantOption('--shift', options.shift) };
  return await withProgress(context, 'looking at the files', (onProgress) =>
    inScratch(({ workDir, signal }) =>
      backtest({
        ...{ config, policies, from, to, ...shift, base, workDir, signal, onProgress },
        cacheDir: join(honeCacheFolder(), 'backtests'),
      }),
    ),
  );
}

async function writePage(context: CliContext, file: string, report: BacktestReport): Promise<void> {
  const { backtestPage } = await import('../../backtest/report/page.ts');
  try {
    await writeFile(resolve(context.terminal.cwd, file), backtestPage(report));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`The report cannot be written to ${file}: ${reason}. Name a file in a folder that exists.`);
  }
  context.say(`Wrote ${basename(file)}.`);
}

async function keep(context: CliContext, report: BacktestReport): Promise<void> {
  const { keepReport } = await import('../../backtest/kept.ts');
  const id = await keepReport(await context.store(), report, context.terminal.now());
  context.say(`Kept as ${id}; the pages show it at /models/${report.model}/backtest.`);
}
