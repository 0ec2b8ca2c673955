/** Labels that come late, twice, wrong and for nobody, from many writers at once: what a look makes of them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { labelsAsOf, recordLabels } from '../../../src/monitoring/labels/labels.ts';
import { readLog } from '../../../src/monitoring/log/prediction-log.ts';
import { tick } from '../../../src/monitoring/tick.ts';
import { type Market, openMarket } from '../electricity-log.ts';
import { championState } from '../flights-log.ts';

const days = { from: '1997-04-10', to: '1997-05-05' };
const [morning, noon, evening] = ['02:00', '10:00', '20:00'].map((time) => `1997-05-05T${time}:00.000Z`) as [
  string,
  string,
  string,
];
let market: Market;
let outcomes: { inference_id: string; label: number }[];
beforeAll(async () => {
  market = await openMarket();
  await market.fit(1, { from: '1997-02-09', to: '1997-04-10' });
  await market.log(1, { ...days, labels: false });
  outcomes = await market.outcomes(days);
});
afterAll(() => market.close());

/** Six writers in turn over the same ids, three saying the same as the other three; each also reports ids that nobody was given. */
async function reported(rows: typeof outcomes, observed_at: string, flip = false): Promise<void> {
  const writers = Array.from({ length: 6 }, async (_, writer) => {
    const own = rows.filter((_, i) => i % 3 === writer % 3);
    for (let from = 0; from < own.length; from += 100) {
      const some = own.slice(from, from + 100).map(({ inference_id, label }) => {
        return { inference_id, label: flip ? 1 - label : label, observed_at };
      });
      const stranger = { inference_id: `stranger-${writer}-${from}`, label: 1, observed_at };
      await recordLabels(market.store, market.config.model, [...some, stranger], { tempDir: market.dir });
    }
  });
  await Promise.all(writers);
}

async function known(asOf: string) {
  const { store, config, dir } = market;
  const place = { cacheDir: `${dir}/cache` };
  return (await labelsAsOf(store, config.model, { asOf, log: await readLog(store, config.model, place), ...place }))
    .counts;
}

async function skillWindow(asOf: string) {
  const place = { store: market.store, cacheDir: `${market.dir}/cache`, workDir: market.dir };
  const holdout = { skill: 0.3, log_loss: 0.48, roc_auc: null, baselineRate: 0.45 };
  const state = championState('1997-04-10T00:00:00.000Z');
  const report = await tick({ ...place, config: market.config, state, asOf, holdout });
  return {
    window: report.performance[0],
    sentence: report.findings.find(({ kind }) => kind === 'performance')?.sentence,
  };
}

test('a window is judged when its labels are in, and restated when some are corrected, whoever wrote beside whom', async () => {
  const half = outcomes.filter((_, i) => i % 2 === 0);
  const rest = outcomes.filter((_, i) => i % 2 === 1);
  const seen: number[] = [];
  let writing = true;
  const reader = (async () => {
    while (writing) seen.push((await known(morning)).labelled);
  })();
  await reported(half, '1997-05-05T01:00:00.000Z').finally(() => {
    writing = false;
  });
  await reader;
  expect([...seen].sort((a, b) => a - b)).toEqual(seen); // what was told stays told while others write
  expect(await known(morning)).toMatchObject({ labelled: half.length, repeated: half.length, corrected: 0 });

  const first = await skillWindow(morning);
  expect(first.window).toMatchObject({ rows: 1008, labelled: 504, coverage: 0.5, skill: null });
  expect(first.sentence).toBe(
    'Skill: 14 April to 4 May 1997: not judged (labels for 50 % of 1,008 predictions, 80 % needed). Wait for labels.',
  );

  // The rest arrives, and a hundred of the first half turn out to have been wrong: both at once.
  await Promise.all([
    reported(rest, '1997-05-05T09:00:00.000Z'),
    reported(half.slice(-100), '1997-05-05T09:30:00.000Z', true),
  ]);
  expect((await known(morning)).labelled).toBe(half.length);
  const counts = await known(noon);
  expect(counts).toMatchObject({
    labelled: outcomes.length,
    corrected: 100,
    repeated: half.length + rest.length + 100,
  });
  expect(counts.unknown).toBeGreaterThan(0);

  const second = await skillWindow(noon);
  expect(second.window).toMatchObject({ window: first.window?.window, rows: 1008, labelled: 1008, coverage: 1 });
  expect(second.window?.skill?.estimate).not.toBeNull();
  await reported(half.slice(-100), '1997-05-05T19:00:00.000Z');
  const third = await skillWindow(evening);
  expect(third.window?.labelled).toBe(1008);
  expect(third.window?.skill?.estimate).toBeGreaterThan(second.window?.skill?.estimate ?? 1);
  expect(await known(evening)).toMatchObject({ labelled: outcomes.length, corrected: 200 });
});
