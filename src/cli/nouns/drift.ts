/** `hone drift`: two windows of any table compared, without a server or a store. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Comparison } from '../../drift/compare.ts';
import type { Tool } from '../../drift/definitions/compare-as.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { withProgress } from '../progress.ts';
import { wrap } from '../run-text.ts';
import { table } from '../table.ts';

interface Asked {
  readonly model?: string;
  readonly timeColumn?: string;
  readonly html?: string;
  readonly definition: 'hone' | Tool;
  readonly failOn?: 'moved';
}

export function register(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('drift')
      .argument('<ref>', 'the reference: a file, glob or folder of Parquet, CSV or JSON lines')
      .argument('<cur>', 'the current window, the same')
      .usage('[options] <reference> <current>')
      .description('what moved between two data sets; needs no server')
      .option('--model <file|name>', 'which columns are features, and how they are read')
      .option('--time-column <column>', 'days of the reference then tell what is noise')
      .addOption(
        new Option('--definition <whose>', "another tool's bins, limits and verdicts, for migration")
          .choices(['hone', 'evidently', 'nannyml'])
          .default('hone'),
      )
      .option('--html <file>', 'also write a report with pictures, one file without scripts')
      .addOption(new Option('--fail-on <what>', 'end with 3 where a column moved').choices(['moved'])),
    [
      ['drift january.parquet march.parquet', 'every column that both have'],
      ['drift "data/2013-0*.csv" new/ --time-column ts', 'noise of whole days, from a glob and a folder'],
    ],
  ).action((reference: string, current: string, asked: Asked) => drift(context, reference, current, asked));
}

async function drift(context: CliContext, reference: string, current: string, asked: Asked): Promise<void> {
  const { compareWindows } = await import('../../drift/compare.ts');
  const { documentOf } = await import('../../drift/document.ts');
  const { importanceOf, rolesOf } = await import('../drift/model-roles.ts');
  const { inScratch } = await import('../scratch.ts');
  const model = asked.model === undefined ? null : await rolesOf(context, asked.model);
  const importance = asked.model === undefined ? undefined : await importanceOf(context, asked.model);
  const comparison = await withProgress(context, `comparing ${reference} with ${current}`, () =>
    inScratch(({ workDir, signal }) =>
      compareWindows(reference, current, {
        ...{ roles: model?.roles ?? null, features: model?.features ?? null, importance },
        ...{ timeColumn: asked.timeColumn ?? model?.eventTime ?? null },
        ...{ definition: asked.definition, cwd: context.terminal.cwd, workDir, signal },
      }),
    ),
  );
  const { report } = comparison;
  if (asked.html !== undefined) await writePage(context, asked.html, comparison);
  context.show(documentOf(report), () => driftText(comparison));
  if (asked.failOn === 'moved' && report.dataset.verdict === 'moved') context.exitWith(3);
}

async function writePage(context: CliContext, file: string, comparison: Comparison): Promise<void> {
  const { driftPage } = await import('../../drift/report/page.ts');
  const path = resolve(context.terminal.cwd, file);
  try {
    await writeFile(path, driftPage(comparison));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`The report cannot be written to ${file}: ${reason}. Name a file in a folder that exists.`);
  }
  context.say(`Wrote ${file}.`);
}

const ORDER = { moved: 0, stable: 1, not_judged: 2 } as const;

export function driftText({ report: { columns, dataset }, definition }: Comparison): string {
  const ordered = Object.entries(columns).sort(
    ([, a], [, b]) => ORDER[a.verdict] - ORDER[b.verdict] || (b.psi ?? 0) - (a.psi ?? 0),
  );
  const rows = ordered.map(([name, drift]) => [
    ...[name, drift.verdict.replace('_', ' '), drift.kind.replace('_', ' ')],
    ...[drift.psi ?? drift.js_distance, drift.threshold, drift.noise].map(shown),
    missingCell(drift.missing),
  ]);
  const told = ordered
    .filter(([, { verdict }]) => verdict === 'moved')
    .flatMap(([, { sentence }]) => wrap(`- ${sentence}`));
  return [
    wrap(dataset.sentence).join('\n'),
    ...(told.length === 0 ? [] : [told.join('\n')]),
    table(
      ['COLUMN', 'VERDICT', 'KIND', definition === 'nannyml' ? 'JS' : 'PSI', 'LIMIT', 'NOISE', 'MISSING'],
      rows,
      'COLUMN',
    ),
  ].join('\n\n');
}

function missingCell({ reference, current }: { reference: number; current: number }): string {
  const percent = (share: number) => (share * 100).toFixed(1);
  return reference === current ? '' : `${percent(reference)} → ${percent(current)} %`;
}

function shown(value: number | null): string {
  return value === null ? '-' : value.toPrecision(3);
}
