/** `hone export`: a version as a folder that another program loads. */
import { isAbsolute, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { versionOf } from '../refs.ts';

export function register(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('export <version>')
      .description('a version as a folder for another program: model, features, checks, loaders for Node and browser')
      .requiredOption('--out <folder>', 'a new or empty folder, or an earlier export'),
    [['export flights-delay@champion --out bundle', 'then: import { open } from "./bundle/node.mjs"']],
  ).action((text: string, { out }: { readonly out: string }) => exportTo(context, text, out));
}

async function exportTo(context: CliContext, text: string, out: string): Promise<void> {
  const { model, version } = await versionOf(context, text);
  const { exportVersion } = await import('../../embedded/export.ts');
  const { asOfNow } = await import('../../store/clock.ts');
  const { honeCacheFolder } = await import('../../local/cache-folder.ts');
  const [store, { hone }] = [await context.store(), await context.workspace()];
  const bundle = await exportVersion({
    ...{ store, model, version, out: resolve(context.terminal.cwd, out), asOf: await asOfNow(store, hone.clock) },
    cacheDir: join(honeCacheFolder(), 'objects'),
  });
  const { files, lineage, features, engine } = bundle;
  context.show({ model, version, out, lineage, files }, () => {
    const size = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const needs =
      features.statement === null ? 'onnxruntime-node' : `onnxruntime-node and @duckdb/node-api (${engine})`;
    const loader = join(out, 'node.mjs');
    return (
      `Version ${version} of ${model} is in ${out}: ${files.length + 1} files, ${Math.round(size / 1000)} kB.\n` +
      `In Node, with ${needs}:\n\n  import { open } from '${isAbsolute(out) ? '' : './'}${loader}';\n` +
      '  const predictor = await open();\n  await predictor.predict([{ … }]);'
    );
  });
}
