/** `hone registry import`: an incumbent from elsewhere becomes a version. */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { modelOf } from '../../config/load.ts';
import { configSnapshot } from '../../config/snapshot.ts';
import { signature } from '../../registry/contract.ts';
import type { Imported } from '../../registry/import.ts';
import { servedDefinition } from '../../serving/contract.ts';
import { utc } from '../../times.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { withProgress } from '../progress.ts';
import { asOfOf, instantOption, person } from '../services.ts';

interface ImportOptions {
  readonly signature: string;
  readonly definition?: string;
  readonly fitEnd?: string;
  readonly champion?: true;
  readonly by?: string;
  readonly reason: string;
}

export function registerImport(noun: Command, context: CliContext): void {
  withExamples(noun.command('import <model> <file>').description('make an ONNX model from elsewhere a version'), [
    ['registry import flights-delay old.onnx --signature signature.json', 'registered, serves nothing yet'],
    [
      'registry import flights-delay old.onnx --signature signature.json --champion',
      'and serve it, where nothing is served',
    ],
  ])
    .requiredOption('--signature <file>', 'its inputs and output, as JSON (docs/contracts)')
    .option('--definition <file>', 'feature-definition.json that it was trained with (default: the model file now)')
    .option(
      '--fit-end <instant>',
      'end of the event times it was fitted on (default: now, so nothing older compares it)',
    )
    .option('--champion', 'serve it at once; refused where a version is served')
    .option('--by <name>', 'who decides (default: your account here)')
    .option('--reason <text>', 'why; kept in the ledger', 'imported by hand')
    .action((model: string, file: string, options: ImportOptions) => importFile(context, model, file, options));
}

async function importFile(context: CliContext, model: string, file: string, options: ImportOptions): Promise<void> {
  const workspace = await context.workspace();
  modelOf(workspace, model);
  const store = await context.store();
  const { importVersion } = await import('../../registry/import.ts');
  const { inScratch } = await import('../scratch.ts');
  const served =
    options.definition === undefined ? {} : { served: await jsonFile(options.definition, servedDefinition) };
  const body = await readFile(file).catch((error: Error) => {
    throw new UsageError(`${file} cannot be read: ${error.message}. Nothing was imported.`);
  });
  const order = {
    store,
    config: configSnapshot(workspace, model),
    model: body,
    signature: await jsonFile(options.signature, signature),
    ...served,
    fitEnd: options.fitEnd === undefined ? null : instantOption('--fit-end', options.fitEnd),
    asOf: await asOfOf({ workspace, store }),
    by: person(options.by),
    reason: options.reason,
    code: { commit: commitOf(workspace.dir), dirty: false },
    champion: options.champion === true,
    base: workspace.dir,
  };
  context.say('Loading the model and scoring rows of the source with it …');
  const imported = await withProgress(context, 'scoring golden rows', () =>
    inScratch((scratch) => importVersion({ ...order, ...scratch })),
  );
  context.show({ model, ...imported }, () => importedText(model, imported));
}

function importedText(model: string, { version, found, champion, fit_end, golden }: Imported): string {
  const first = found
    ? `This file is version ${version} of ${model} already; it was not imported again.`
    : `Version ${version} of ${model}: loaded, its ${golden} golden rows scored, registered.`;
  const clean = fit_end === null ? '' : `Runs compare it on events after ${utc(fit_end)} only.`;
  const next = champion
    ? `It is champion. Start a run against it: hone run start ${model}`
    : `It serves nothing yet. Look at it: hone registry show ${model}/${version}`;
  return [first, clean, next].filter(Boolean).join('\n');
}

async function jsonFile<S extends z.ZodType>(file: string, schema: S): Promise<z.output<S>> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file} cannot be read as JSON: ${(error as Error).message}. Nothing was imported.`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${file} does not fit its contract:\n${z.prettifyError(parsed.error)}\nNothing was imported.`);
}

function commitOf(dir: string): string {
  try {
    return execFileSync('git', ['-C', dir, 'rev-parse', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return 'unknown';
  }
}
