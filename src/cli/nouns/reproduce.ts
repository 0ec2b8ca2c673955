/** `hone reproduce`: trains a version again from its lineage and compares. */
import type { Command } from 'commander';
import type { TrainerProgress } from '../../training/contract.ts';
import type { Reproduction } from '../../training/reproduce.ts';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { ofAll, withProgress } from '../progress.ts';
import { ledgerOf, parseRef } from '../refs.ts';
import { table } from '../table.ts';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('reproduce <version>')
    .description('train a version again from its lineage and compare; registers nothing');
  withExamples(command, [
    ['reproduce flights-delay@champion', 'is it what its lineage says?'],
    ['reproduce flights-delay/7 --json', 'with every figure'],
  ]).action((ref: string) => reproduceVersion(context, ref));
}

async function reproduceVersion(context: CliContext, text: string): Promise<void> {
  const { model, ref } = parseRef(text);
  await ledgerOf(context, model);
  const store = await context.store();
  const { lineage } = await import('../../registry/lineage.ts');
  const { version } = await lineage(store, model, ref);
  const { reproduce } = await import('../../training/reproduce.ts');
  const { inScratch } = await import('../scratch.ts');
  context.say(`Training version ${version} of ${model} again from its lineage …`);
  const { dir: base } = await context.workspace();
  const result = await withProgress(context, 'fetching what it was made of', (tell) =>
    inScratch(async ({ workDir, cacheDir, signal }) => {
      const onProgress = ({ step, of }: TrainerProgress) => tell(`training: ${ofAll(step, of, 'steps')}`);
      return await reproduce(model, version, { store, cacheDir, workDir, base, signal, onProgress });
    }),
  );
  context.show(result, () => reproducedText(result));
  if (!result.equal) context.exitWith(1);
}

export function reproducedText({
  model,
  version,
  equal,
  identical,
  metrics,
  golden,
  tolerance,
  surroundings,
}: Reproduction): string {
  const verdict = identical
    ? `Equal: training version ${version} of ${model} again gave the same file, byte for byte.`
    : equal
      ? `Equal: version ${version} of ${model} came out the same within ${tolerance}.`
      : `Different: version ${version} of ${model} did not come out the same (allowed: ${tolerance} relative).`;
  const rows = [
    ...metrics.map(({ metric, recorded, now, difference }) => [
      metric,
      String(Number(recorded.toPrecision(7))),
      now === null ? 'missing' : String(Number(now.toPrecision(7))),
      difference === null ? '-' : difference.toExponential(1),
    ]),
    ['golden predictions', `${golden.rows} rows`, `${golden.rows} rows`, golden.worst.toExponential(1)],
  ];
  const around = surroundings.map(({ what, recorded, now }) => [what, recorded, now]);
  return [
    verdict,
    table(['FIGURE', 'RECORDED', 'NOW', 'DIFFERENCE'], rows),
    ...(around.length === 0
      ? ['Trainer, packages and platform are those that were recorded.']
      : [`What differs around the training:\n${table(['WHAT', 'RECORDED', 'NOW'], around)}`]),
    `Everything it was made of: hone lineage ${model}/${version}`,
  ].join('\n\n');
}
