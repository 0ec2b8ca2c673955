/** 5 May 1997: a market opens, and three columns that stood still begin to move. What hone says, and how many runs it starts. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { whyOf } from '../../src/monitoring/why.ts';
import { type Market, openMarket } from './electricity-log.ts';
import { type Look, walk } from './market-walk.ts';

let market: Market;
let looks: Look[];
beforeAll(async () => {
  market = await openMarket();
  const triggers = { ...market.config.triggers, drift: { then: 'retrain' as const } };
  const span = { firstFit: '1997-04-20', from: '1997-05-05', to: '1997-05-16' };
  looks = await walk(market, { ...market.config, triggers }, span);
});
afterAll(() => market.close());

const on = (day: string): Look => looks.find((look) => look.day === day)!;
const said = ({ report }: Look, subject: string) => report.findings.find((one) => one.subject === subject);
const answers = ({ asked }: Look) => asked.map(({ trigger, answer }) => `${trigger.kind} ${answer.answer}`);

test('the day before nothing is said; after one day of data each column that stood still is named, with what it is now', () => {
  expect(on('1997-05-05').report.findings.filter(({ state }) => state === 'moved' || state === 'seen')).toEqual([]);
  const first = on('1997-05-06');
  expect(said(first, 'vic_price')).toMatchObject({ state: 'seen', rows: 48, windows: { beyond: 1, need: 2, of: 3 } });
  expect(said(first, 'vic_price')?.sentence).toMatch(
    /^vic_price moved: it stood still at 0\.003467 in the whole reference and now has 43 other values in 100 % of rows, PSI 12\.5 \(limit 0\.10, noise of so few rows 0\.\d+\), 48 rows, 5 May 1997, against training rows \(2,880 rows\)\. It never varied before, so the model cannot use it: /,
  );
  expect(first.report.sentence).toContain('3 of 11 columns moved (5 May 1997): transfer');
});

test('after two days one alert tells it, and exactly one run starts however often it is seen', () => {
  const second = on('1997-05-07');
  expect(second.report.actions).toMatchObject([
    { kind: 'trigger', trigger: 'drift', evidence: { since: '1997-05-05T00:00:00.000Z' } },
    { kind: 'alert', incident: 'drift-features', severity: 'warn', status: 'opened' },
  ]);
  expect(second.report.sentence).toMatch(
    /^Asks for a run \(drift\): 3 features moved: transfer, vic_demand, vic_price\. transfer moved: it stood still at 0\.4149 in the whole reference and now stands at 0\.5005 /,
  );
  const page = readFileSync(new URL('../../docs/how-to/act-on-an-alert.md', import.meta.url), 'utf8').replaceAll(
    /\s+/g,
    ' ',
  );
  expect(second.report.actions).toContainEqual(expect.objectContaining({ kind: 'alert' }));
  for (const action of second.report.actions) if (action.kind === 'alert') expect(page).toContain(action.sentence);
  expect(page).toContain(on('1997-05-09').report.sentence);
  expect(answers(second)).toEqual(['drift started']);
  const week = looks.filter(({ day }) => day < '1997-05-14');
  expect(week.flatMap(answers).filter((one) => one.endsWith('started'))).toEqual(['drift started']);
});

test('trained inside the shift it looks again, and asks for one more run once enough labels are from after it', async () => {
  expect(said(on('1997-05-09'), 'drift')).toMatchObject({ kind: 'after_shift', state: 'seen', value: 144, limit: 336 });
  expect(on('1997-05-09').report.sentence).toBe(
    'Version 2 was trained in the middle of the shift of 5 May 1997 (electricity-price-000002, drift): 96 of its labelled rows are from after it, ' +
      'a retraining now would have 144 (336 needed). Looked at again every day until 1997-06-04; one more run is asked for when there are enough.',
  );
  expect(answers(on('1997-05-12'))).toEqual([]);
  expect(on('1997-05-13').asked).toMatchObject([
    { trigger: { evidence: { looks_again: true } }, answer: { answer: 'skipped' } },
  ]);
  expect(answers(on('1997-05-14'))).toEqual(['drift started']);
  expect(looks.at(-1)?.report).toMatchObject({ champion: 3, actions: [] });

  const { decisions } = await whyOf(market.store, market.config.model, 20);
  const told = decisions.filter(({ what }) => what === 'started' || what === 'skipped').map(({ sentence }) => sentence);
  expect(told).toHaveLength(3);
  expect(told[0]).toMatch(/^electricity-price-000003 started, asked for by drift .*384 \(336 needed\)\. One more run/);
  expect(told[1]).toContain('cool-down of P7D since electricity-price-000002');
});
