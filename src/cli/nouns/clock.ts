/** `hone clock`: the time of a replay, for old data that is worked through as if it came in today. */
import type { Command } from 'commander';
import { utc } from '../../times.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { instantOption } from '../services.ts';

export function register(program: Command, context: CliContext): void {
  const noun = program.command('clock').description('what time it is for the models; a replay sets it');
  withExamples(noun.command('show').description('what time it is for the models'), [
    ['clock show', 'the wall clock, or where a replay stands'],
  ]).action(() => show(context));
  withExamples(noun.command('set <instant>').description('move the clock of a replay forward'), [
    ['clock set 2013-04-01', 'from now on it is April 2013, until you move on'],
  ]).action((instant: string) => set(context, instant));
}

async function show(context: CliContext): Promise<void> {
  const { asOfNow } = await import('../../store/clock.ts');
  const { clock } = (await context.workspace()).hone;
  const asOf = await asOfNow(await context.store(), clock);
  const text =
    clock === 'wall' ? `It is ${utc(asOf)}: this machine's clock.` : `It is ${utc(asOf)}, until somebody moves on.`;
  context.show({ clock, as_of: asOf }, () => text);
}

async function set(context: CliContext, instant: string): Promise<void> {
  const { moveReplay } = await import('../../client/replay-clock.ts');
  const { hone } = await context.workspace();
  const to = instantOption('the instant', instant);
  if (hone.clock === 'wall')
    throw new UsageError(
      'The models go by the wall clock, which nobody sets. Nothing was changed. To replay old data, write ' +
        '`clock: logical` into config/hone.yaml of a workspace of its own, and set the time then.',
    );
  const { from } = await moveReplay(await context.store(), to);
  const text = `It is ${utc(to)} for the models${from === null ? '' : `; it was ${utc(from)}`}. Schedules of Temporal go by the wall clock all the same.`;
  context.show({ clock: 'logical', as_of: to, was: from }, () => text);
}
