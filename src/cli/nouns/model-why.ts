/** `hone model why`: why did it retrain, and why did it not. */
import type { Command } from 'commander';
import type { ModelConfig } from '../../config/model.ts';
import type { Why } from '../../monitoring/why.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { ledgerOf } from '../refs.ts';
import { wrap } from '../run-text.ts';

export function registerWhy(noun: Command, context: CliContext): void {
  noun
    .command('why <model>')
    .description('why it was retrained, and why it was not: the last decisions in words')
    .option('--last <n>', 'how many decisions', '15')
    .action((model: string, options: { last: string }) => why(context, model, options.last));
}

async function why(context: CliContext, model: string, last: string): Promise<void> {
  if (!/^[1-9]\d{0,3}$/.test(last)) throw new UsageError(`--last ${last} is no count; write a number such as 15.`);
  await ledgerOf(context, model);
  const { whyOf } = await import('../../monitoring/why.ts');
  const found = await whyOf(await context.store(), model, Number(last));
  const config = (await context.workspace()).models.get(model)?.config;
  const starters = config === undefined ? [] : startersOf(config);
  context.show({ ...found, starters }, () => whyText(found, starters));
}

/** What may start a run, by the file as it is now. */
export function startersOf({ triggers }: ModelConfig): string[] {
  const { schedule, performance, calibration, drift, volume, age } = triggers;
  const events = Object.entries(triggers.events).flatMap(([name, rule]) => (rule === 'off' ? [] : [name]));
  return [
    ...(schedule.enabled ? [`schedule ${schedule.cron} ${schedule.timezone}`] : []),
    ...(performance.enabled ? ['performance'] : []),
    ...(calibration.enabled ? ['calibration'] : []),
    ...(drift.then === 'retrain' ? ['drift'] : []),
    ...(volume === null ? [] : [`volume of ${volume.new_mature_labels} labels`]),
    ...(age === null ? [] : [`age of ${age.older_than}`]),
    ...(events.length === 0 ? [] : [`events (${events.join(', ')})`]),
    'people',
  ];
}

export function whyText({ model, sentence, decisions }: Why, starters: readonly string[]): string {
  const lines = decisions.flatMap(({ at, sentence: said }) => {
    const [first = '', ...rest] = wrap(`${at.slice(0, 16).replace('T', ' ')}  ${said}`);
    return [first, ...rest.map((line) => `  ${line}`)];
  });
  return [
    wrap(`${model}: ${sentence}`).join('\n'),
    ...(lines.length === 0 ? [] : [lines.join('\n')]),
    ...(starters.length === 0 ? [] : [wrap(`May start a run: ${starters.join(', ')}.`).join('\n')]),
  ].join('\n\n');
}
