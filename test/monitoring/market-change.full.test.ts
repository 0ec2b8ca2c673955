/**
 * The market change in its surroundings, with the shipped file and with retraining on drift. On 3 June the winter begins:
 * demand lies 1.5 standard deviations above its reference, which is a change of its own and asks on 5 June.
 */
import { expect, test } from 'vitest';
import type { ModelConfig } from '../../src/config/model.ts';
import { openMarket } from './electricity-log.ts';
import { type Look, walk } from './market-walk.ts';

const span = { firstFit: '1997-04-08', from: '1997-04-12', to: '1997-06-03' };

async function looksWith(change: (config: ModelConfig) => ModelConfig): Promise<Look[]> {
  const market = await openMarket();
  try {
    return await walk(market, change(market.config), span);
  } finally {
    await market.close();
  }
}

const started = (looks: readonly Look[]): string[] =>
  looks.flatMap(({ day, asked }) => (asked.some(({ answer }) => answer.answer === 'started') ? [day] : []));

test('seven weeks: the change starts one run, the look again one more, and nothing else does', async () => {
  const looks = await looksWith((config) => ({
    ...config,
    triggers: { ...config.triggers, drift: { then: 'retrain' } },
  }));
  expect(started(looks)).toEqual(['1997-05-07', '1997-05-14']);
}, 600_000);

test('the shipped file alerts once for it and starts nothing', async () => {
  const looks = await looksWith((config) => config);
  expect(looks.flatMap(({ asked }) => asked)).toEqual([]);
  const alerts = looks.flatMap(({ day, report }) =>
    report.actions.flatMap((one) =>
      one.kind === 'alert' && one.incident === 'drift-features' ? [`${day} ${one.status}`] : [],
    ),
  );
  expect(alerts[0]).toBe('1997-05-07 opened');
}, 600_000);
