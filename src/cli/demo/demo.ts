/** Runs the demo from set-up to the table at the end, and cleans up whatever happens. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Month } from '../../backtest/monthly.ts';
import { ensurePython } from '../../local/python.ts';
import { openLedger } from '../../registry/ledger.ts';
import { listVersions, readAttestation, readVersion } from '../../registry/versions.ts';
import type { CliContext, Colors } from '../context.ts';
import { table } from '../table.ts';
import type { Teller } from './people.ts';
import { MODEL, openStage, type Stage, shortPath } from './stage.ts';
import { type Told, tellStory } from './story.ts';

export interface DemoOptions {
  readonly folder: string;
  readonly runCommand: CliContext['run'];
  readonly say: (line: string) => void;
  readonly colors: Colors;
  readonly keep: boolean;
  readonly interactive: boolean;
}

export async function runDemo(options: DemoOptions): Promise<{ document: unknown; text: string }> {
  const { say, colors } = options;
  const requirements = fileURLToPath(new URL('../../../trainers/requirements.txt', import.meta.url));
  await ensurePython({ requirements, onProgress: say });
  const started = Date.now();
  const stage = await openStage(options.folder, options.runCommand, say);
  try {
    say(`Temporal UI: ${stage.temporalUi}   predictions: ${stage.predictions}   files: ${shortPath(stage.dir)}`);
    say(`Staged in ${shortPath(stage.dir)}/config/models/${MODEL}.yaml: ${JSON.stringify(stage.staged)}`);
    const told = await tellStory(stage, teller(say, colors), { interactive: options.interactive });
    const document = await documentOf(stage, told, Math.round((Date.now() - started) / 1000));
    const text = await closing(stage, told, document, colors);
    if (options.keep) {
      say(`Everything is left running: ${stage.temporalUi} and ${stage.predictions}. End it with Ctrl-C.`);
      await new Promise((resolve) => process.once('SIGINT', resolve));
    }
    return { document, text };
  } finally {
    await stage.close();
  }
}

function teller(say: (line: string) => void, colors: Colors): Teller {
  return {
    chapter: (title) => say(`\n${colors.bold(title)}`),
    say,
    quote: (sentence) => say(`  ${colors.cyan('hone')}  ${sentence}`),
    staged: (sentence) => say(`  ${colors.yellow('staged')}  ${sentence}`),
  };
}

interface DemoDocument {
  readonly runs: Told['runs'];
  readonly versions: readonly unknown[];
  readonly months: readonly Record<string, unknown>[];
  readonly ledger: { readonly ok: boolean; readonly entries: number };
  readonly seconds: number;
}

async function documentOf(stage: Stage, told: Told, seconds: number): Promise<DemoDocument> {
  const versions = await Promise.all(
    (await listVersions(stage.store, MODEL)).map(async ({ version, status }) => {
      const manifest = await readVersion(stage.store, MODEL, version);
      const verdict = await verdictOf(stage, manifest.twin ?? version);
      return { version, trigger: manifest.trigger, status, verdict, metrics: manifest.metrics };
    }),
  );
  const policies = told.table;
  const months = policies.hone.months.map(({ month }) => ({
    month,
    ...Object.fromEntries(
      (['never_retrained', 'every_28d', 'hone'] as const).map((name) => {
        const found = policies[name].months.find((one) => one.month === month);
        return [
          name,
          found ? { roc_auc: found.metrics.roc_auc?.estimate, log_loss: found.metrics.log_loss?.estimate } : null,
        ];
      }),
    ),
  }));
  const { ok, entries } = await openLedger(stage.store, MODEL).verify();
  return { runs: told.runs, versions, months, ledger: { ok, entries }, seconds };
}

/** Of the last look of the gate at this version; a refit stands on its judged twin's. */
async function verdictOf(stage: Stage, version: number): Promise<string | null> {
  let verdict: string | null = null;
  for (let look = 1; ; look++) {
    const found = await readAttestation(
      stage.store,
      MODEL,
      version,
      `gate-${look}`,
      z.looseObject({ verdict: z.string() }),
    );
    if (!found) return verdict;
    verdict = found.verdict;
  }
}

async function closing(stage: Stage, told: Told, document: DemoDocument, colors: Colors): Promise<string> {
  const lineage = await stage.hone('lineage', `${MODEL}@champion`);
  const verify = await stage.hone('ledger', 'verify', MODEL);
  const { never_retrained, every_28d, hone } = told.table;
  const cell = (months: readonly Month[], month: string) => {
    const found = months.find((one) => one.month === month);
    if (!found) return '-';
    const { roc_auc, log_loss } = found.metrics;
    const { estimate = null, lower = null, upper = null } = roc_auc ?? {};
    const half = lower === null || upper === null ? '' : ` ±${((upper - lower) / 2).toFixed(2)}`;
    return `${(estimate ?? 0).toFixed(3)}${half}  ${(log_loss?.estimate ?? 0).toFixed(3)}`;
  };
  const rows = hone.months.map(({ month }) => [
    month,
    cell(never_retrained.months, month),
    cell(every_28d.months, month),
    cell(hone.months, month),
  ]);
  rows.push(['trainings', String(never_retrained.trainings), String(every_28d.trainings), String(hone.trainings)]);
  rows.push(['by people', '0', '0', String(told.decisions)]);
  return [
    colors.bold('\n8. Where it all comes from'),
    lineage.out,
    verify.out,
    colors.bold(
      'roc_auc (± half of its 90 % interval, day blocks) and log_loss by month; trainings; decisions by people',
    ),
    table(['month', 'never retrained', 'every 28 days', 'hone'], rows),
    `every 28 days refits on everything up to the last minute, without holdout, gate or approval: a reference, not a policy to run.`,
    `${document.seconds} s.`,
  ].join('\n');
}
