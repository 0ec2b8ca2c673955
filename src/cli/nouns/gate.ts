/** `hone gate explain` and `backtest`: every rule that judged a run, and what another policy would have decided. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { modelOfRun } from '../../client/run-id.ts';
import { loadModelFile, modelOf } from '../../config/load.ts';
import type { Judgement } from '../../gate/read-judgements.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { wrap } from '../run-text.ts';
import { table } from '../table.ts';

export function register(program: Command, context: CliContext): void {
  const noun = program.command('gate').description('why a run passed, failed or could not be judged');
  withExamples(noun.command('explain <run>').description('every rule, look by look'), [
    ['gate explain flights-delay-000042', 'why was it not promoted?'],
  ]).action((run: string) => explain(context, run));
  withExamples(
    noun
      .command('backtest <model>')
      .description('what another policy would have decided on past runs; nothing is changed')
      .requiredOption('--policy <file>', 'a model file with the gate to try'),
    [['gate backtest flights-delay --policy stricter.yaml', 'judge the stored figures of past runs again']],
  ).action((model: string, { policy }: { policy: string }) => backtest(context, model, policy));
}

async function explain(context: CliContext, run: string): Promise<void> {
  const model = modelOfRun(run);
  const { judgementsOfRun } = await import('../../gate/read-judgements.ts');
  const judgements = await judgementsOfRun(await context.store(), model, run);
  if (judgements.length === 0)
    throw new UsageError(`The gate has not judged ${run}. See where it is, or how it ended: hone run show ${run}`);
  const looks = judgements.map(({ version, look, report }) => ({ version, look, ...report }));
  context.show({ model, run, looks }, () => judgements.map(judgementText).join('\n\n'));
}

async function backtest(context: CliContext, model: string, file: string): Promise<void> {
  modelOf(await context.workspace(), model);
  const { config } = await loadModelFile(resolve(context.terminal.cwd, file));
  const { backtestGate, backtestSentence } = await import('../../gate/backtest.ts');
  const decisions = await backtestGate(await context.store(), config, model);
  const sentence =
    decisions.length === 0 ? `The gate has not judged any version of ${model} yet.` : backtestSentence(decisions);
  context.show({ model, policy: file, sentence, decisions }, () => {
    if (decisions.length === 0) return sentence;
    const rows = decisions.map((one) => [
      one.run ?? '-',
      one.as_of.slice(0, 10),
      String(one.version),
      String(one.look),
      one.was + (one.was_clear ? '' : ' *'),
      one.would_be + (one.would_be_clear ? '' : ' *'),
    ]);
    const changed = decisions.filter(({ was, would_be: now }) => was !== now);
    const missing = [...new Set(decisions.flatMap(({ not_measured: names }) => names))];
    return [
      wrap(sentence).join('\n'),
      table(['RUN', 'AS OF', 'VERSION', 'LOOK', 'WAS', 'WOULD BE'], rows),
      '* a warning, or a reason why only a person may approve',
      ...changed.map((one) => wrap(`- ${one.run ?? one.version}: ${one.sentence}`).join('\n')),
      ...(missing.length === 0
        ? []
        : [wrap(`Not measured at the time, so undecided: ${missing.join(', ')}.`).join('\n')]),
    ].join('\n\n');
  });
}

/** What decided comes first: rules that failed, then those that could not be decided, warnings, the rest. */
const ORDER = ['fail', 'inconclusive', 'pass', 'not_judged'] as const;

export function judgementText({ version, look, report }: Omit<Judgement, 'evaluation'>): string {
  const rules = [...report.rules].sort(
    (a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome) || a.effect.localeCompare(b.effect),
  );
  const rows = rules.map((rule) => [
    rule.outcome === 'not_judged' ? 'not judged' : rule.outcome,
    rule.effect,
    rule.rule,
    shown(rule.value),
    shown(rule.limit),
    rule.lower === null && rule.upper === null ? '-' : `${shown(rule.lower)} to ${shown(rule.upper)}`,
    rule.rows === undefined ? '-' : `${rule.rows}${rule.blocks === undefined ? '' : `/${rule.blocks}`}`,
  ]);
  const telling = rules.filter(({ outcome }) => outcome === 'fail' || outcome === 'inconclusive');
  return [
    `Version ${version}, look ${look}: ${report.verdict}`,
    wrap(report.sentence).join('\n'),
    table(['OUTCOME', 'EFFECT', 'RULE', 'VALUE', 'LIMIT', 'BOUNDS', 'ROWS/BLOCKS'], rows),
    ...(telling.length === 0 ? [] : [telling.flatMap(({ sentence }) => wrap(`- ${sentence}`)).join('\n')]),
    ...(report.warnings.length === 0 ? [] : [report.warnings.flatMap((warning) => wrap(`! ${warning}`)).join('\n')]),
    ...(report.notes?.length ? [report.notes.flatMap((note) => wrap(`· ${note}`)).join('\n')] : []),
    ...(report.person.length === 0 ? [] : [wrap(`A person decides: ${report.person.join('; ')}`).join('\n')]),
  ].join('\n\n');
}

function shown(value: number | null): string {
  if (value === null) return '-';
  return String(
    Number.isInteger(value) ? value : Math.abs(value) < 1 ? Number(value.toFixed(4)) : Number(value.toPrecision(4)),
  );
}
