/** `hone batch`: predictions for many rows at once, and what earlier batches gave. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { BatchManifest } from '../../batch/contract.ts';
import { count } from '../../numbers.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { ofAll, withProgress } from '../progress.ts';
import { ledgerOf, versionOf } from '../refs.ts';
import { asOfOf, instantOption, withServices } from '../services.ts';
import { table } from '../table.ts';

const PATIENCE_MS = 60 * 60_000;

interface Scoring {
  readonly data: string;
  readonly out?: string;
  readonly asOf?: string;
}

export function register(program: Command, context: CliContext): void {
  const noun = program.command('batch').description('predictions for many rows at once');
  withExamples(noun, [
    ['batch score flights-delay@champion --data tonight.parquet --out predictions', 'any rows, here and now'],
    ['batch run flights-delay', 'what the schedule would do now'],
    ['batch show flights-delay', 'the newest batch and its lineage'],
  ]);
  noun
    .command('score <version>')
    .description('score the rows of files with a version; needs no Temporal')
    .requiredOption('--data <path>', 'a file, glob or folder of Parquet, CSV or JSON lines')
    .option('--out <folder>', 'also copy the predictions there')
    .option('--as-of <time>', 'logical time of the batch (default: now)')
    .action((version: string, asked: Scoring) => score(context, version, asked));
  noun
    .command('run <model>')
    .description('score what `deploy.batch` names, with the champion, as a workflow')
    .option('--as-of <time>', 'the window is counted from here (default: now)')
    .action((model: string, asked: { readonly asOf?: string }) => run(context, model, asked));
  noun
    .command('list <model>')
    .description('finished batches, newest last')
    .action((model: string) => list(context, model));
  noun
    .command('show <model> [batch]')
    .description('one batch, the newest where none is named: version, rows, parts, sources')
    .action((model: string, batch: string | undefined) => show(context, model, batch));
  noun
    .command('export <model> [batch]')
    .description('copy the predictions of a batch to a folder')
    .requiredOption('--out <folder>', 'becomes date=<day>/predictions.parquet and manifest.json')
    .action((model: string, batch: string | undefined, asked: { readonly out: string }) =>
      exportTo(context, model, batch, asked.out),
    );
}

async function score(context: CliContext, text: string, { data, out, asOf }: Scoring): Promise<void> {
  const { model, version } = await versionOf(context, text);
  const { hone, models, dir } = await context.workspace();
  const found = models.get(model);
  if (found === undefined) throw new UsageError(`${model} has no file under ${dir}/config/models any more.`);
  const { sourceAt } = await import('../../data/validation/source-at.ts');
  const { scoreBatch } = await import('../../batch/score-batch.ts');
  const { exportBatch } = await import('../../batch/read-batches.ts');
  const { inScratch } = await import('../scratch.ts');
  const store = await context.store();
  const { asOfNow } = await import('../../store/clock.ts');
  const at = asOf === undefined ? await asOfNow(store, hone.clock) : instantOption('--as-of', asOf);
  const manifest = await withProgress(context, `reading and checking ${data}`, (tell) =>
    inScratch(async ({ workDir, cacheDir, signal }) => {
      const done = await scoreBatch({
        ...{ store, config: sourceAt(found.config, data), version, asOf: at, window: null },
        ...{ base: context.terminal.cwd, workDir, cacheDir, signal },
        onPart: (rows, all) => tell(ofAll(rows, all, 'rows scored')),
      });
      if (out !== undefined) await exportBatch(store, done, resolve(context.terminal.cwd, out), cacheDir);
      return done;
    }),
  );
  await showBatch(context, manifest, out);
}

async function run(context: CliContext, model: string, { asOf }: { readonly asOf?: string }): Promise<void> {
  await withServices(context, async (services) => {
    const { client, store } = services;
    await ledgerOf(context, model);
    const { requireWorker, withPatience } = await import('../../client/workers.ts');
    const { startBatch } = await import('../../client/batches.ts');
    const { readBatch } = await import('../../batch/read-batches.ts');
    await requireWorker(client);
    const at = asOf === undefined ? await asOfOf(services) : instantOption('--as-of', asOf);
    const { workflow, end } = await startBatch(client, model, at);
    context.say(`Started ${workflow}; it goes on without this command.`);
    const { batch } = await withProgress(context, `scoring for ${model}`, () => withPatience(client, PATIENCE_MS, end));
    await showBatch(context, await readBatch(store, model, batch), undefined);
  });
}

async function list(context: CliContext, model: string): Promise<void> {
  await ledgerOf(context, model);
  const { listBatches } = await import('../../batch/read-batches.ts');
  const batches = await listBatches(await context.store(), model);
  context.show(batches, () =>
    batches.length === 0
      ? `No batch of ${model} was ever finished.\nStart one: hone batch run ${model}`
      : table(
          ['batch', 'as of', 'version', 'rows', 'days'],
          batches.map(({ batch, as_of, version, rows, parts }) => [
            batch,
            as_of.slice(0, 16),
            String(version),
            count(rows),
            String(parts.length),
          ]),
        ),
  );
}

async function show(context: CliContext, model: string, batch: string | undefined): Promise<void> {
  await ledgerOf(context, model);
  const { readBatch } = await import('../../batch/read-batches.ts');
  await showBatch(context, await readBatch(await context.store(), model, batch ?? null), undefined);
}

async function exportTo(context: CliContext, model: string, batch: string | undefined, out: string): Promise<void> {
  await ledgerOf(context, model);
  const { exportBatch, readBatch } = await import('../../batch/read-batches.ts');
  const { inScratch } = await import('../scratch.ts');
  const store = await context.store();
  const manifest = await readBatch(store, model, batch ?? null);
  await inScratch(({ cacheDir }) => exportBatch(store, manifest, resolve(context.terminal.cwd, out), cacheDir));
  await showBatch(context, manifest, out);
}

async function showBatch(context: CliContext, manifest: BatchManifest, out: string | undefined): Promise<void> {
  const { batchSentence } = await import('../../batch/sentence.ts');
  context.show(out === undefined ? manifest : { ...manifest, out }, () => {
    const { parts, deliveries, source, feature_definition: definition } = manifest;
    const days = table(
      ['day', 'rows', 'predictions'],
      parts.map(({ day, rows, key }) => [day, count(rows), key.slice(key.indexOf('/batches/') + 1)]),
    );
    const from = `From ${source} (${deliveries.length} ${deliveries.length === 1 ? 'file' : 'files'}), features ${definition.slice(0, 12)}.`;
    const copied = out === undefined ? '' : `\nCopied to ${out}.`;
    const recorded = parts.reduce((sum, { log }) => sum + (log?.rows ?? 0), 0);
    const logged = manifest.log ? `\n${count(recorded)} of its predictions are in the prediction log.` : '';
    return `${batchSentence(manifest)}\n${from}${logged}${copied}\n\n${days}`;
  });
}
