/** `hone gate explain`: every rule that judged a run, with its number, limit and interval. */
import type { Command } from 'commander';
import { modelOfRun } from '../../client/run-id.ts';
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

/** What decided comes first: rules that failed, then those that could not be decided, warnings, the rest. */
const ORDER = ['fail', 'inconclusive', 'pass', 'not_judged'] as const;

export function judgementText({ version, look, report }: Judgement): string {
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
  ]);
  const telling = rules.filter(({ outcome }) => outcome === 'fail' || outcome === 'inconclusive');
  return [
    `Version ${version}, look ${look}: ${report.verdict}`,
    wrap(report.sentence).join('\n'),
    table(['OUTCOME', 'EFFECT', 'RULE', 'VALUE', 'LIMIT', 'BOUNDS'], rows),
    ...(telling.length === 0 ? [] : [telling.flatMap(({ sentence }) => wrap(`- ${sentence}`)).join('\n')]),
    ...(report.warnings.length === 0 ? [] : [report.warnings.flatMap((warning) => wrap(`! ${warning}`)).join('\n')]),
    ...(report.person.length === 0 ? [] : [wrap(`A person decides: ${report.person.join('; ')}`).join('\n')]),
  ].join('\n\n');
}

function shown(value: number | null): string {
  if (value === null) return '-';
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
}
