import { expect, test } from 'vitest';
import { evaluationReport } from '../../src/evaluation/contract.ts';
import { judgedRows } from '../../src/evaluation/judged-rows.ts';
import { searchSlices } from '../../src/evaluation/slice-search.ts';
import { judge } from '../../src/gate/judge.ts';
import { randomStream } from '../../src/statistics/random.ts';
import { gate } from '../gate/judged.ts';
import { flights, town } from './flights.ts';

const SIGNATURE = {
  ...{ contract: 1 as const, task: 'binary' as const, numeric: ['hour', 'noise'], categorical: ['origin', 'kind'] },
  ...{ output: 'p', classes: null },
};

/** Features of a town: hour 0 to 23 by row, noise with missing values, origin, and a category of four kinds. */
function features(on: ReturnType<typeof town>, seed: number) {
  const random = randomStream(seed);
  const { rows } = on;
  const count = rows.label.length;
  const hour = Array.from({ length: count }, () => Math.floor(24 * random.uniform()));
  const numeric = Float32Array.from({ length: 2 * count }, (_, i) =>
    i % 2 === 0 ? hour[i / 2]! : random.uniform() < 0.1 ? Number.NaN : random.normal(),
  );
  const kind = Array.from({ length: count }, () => 'abcd'[Math.floor(4 * random.uniform())]!);
  const categorical = [[...rows.slices['origin']!], kind];
  const weight = new Float64Array(count).fill(1);
  return {
    ...rows,
    rows: count,
    numeric,
    categorical,
    weight,
    id: [...rows.id],
    entity: [...rows.entity],
    slices: {},
    hour,
    kind,
  };
}

/** `harm` is what is added to the candidate's logit in the rows that `where` names. */
async function search(harm: number, where: (row: number, hour: number, kind: string) => boolean, seed = 1) {
  const on = town({ days: 20, perDay: 250 });
  const rows = features(on, seed);
  const config = await flights({ gate: { slices: { columns: [], critical: [], min_rows: 200 } } });
  const champion = on.scores(0.2, { seed: 2 * seed });
  const own = on.scores(0.2, { seed: 2 * seed + 1 });
  const candidate = own.map((score, i) =>
    where(i, rows.hour[i]!, rows.kind[i]!) ? 1 / (1 + Math.exp(-Math.log(score / (1 - score)) - harm)) : score,
  );
  const judged = judgedRows(config, rows);
  return searchSlices({ config, rows, judged, signature: SIGNATURE, importance: null, candidate, champion })!;
}

test('a group of one feature that nobody declared is found, and a group of two', async () => {
  const late = await search(2.5, (_, hour) => hour >= 21);
  expect(late.searched).toBeGreaterThan(40);
  const alone = late.found.find(({ where }) => where.length === 1)!;
  expect(alone.where[0]).toMatchObject({ column: 'hour' });
  expect(alone.difference.upper!).toBeLessThan(0);
  expect(alone.candidate).toBeGreaterThan(alone.champion);

  const both = await search(2.5, (_, hour, kind) => hour < 6 && kind === 'c');
  const pair = both.found.find(({ where }) => where.length === 2)!;
  expect(pair.where).toEqual([
    { column: 'hour', value: expect.stringContaining('<') },
    { column: 'kind', value: 'c' },
  ]);
});

test('where no group is worse the search finds something in few of many tries', async () => {
  let tries = 0;
  for (let seed = 1; seed <= 12; seed++) tries += (await search(0, () => false, seed)).found.length > 0 ? 1 : 0;
  // At 5 % each, four or more of twelve have a probability of 0.002.
  expect(tries).toBeLessThan(4);
});

test('what is found is shown, cautions where the file says so, and never blocks', async () => {
  const home = town();
  const scores = home.scores(0.3);
  const { report, config } = await gate({ on: home, candidate: scores, champion: scores });
  const { found, searched } = await search(2.5, (_, hour) => hour >= 21);
  const evaluation = evaluationReport.parse({ ...report, slice_search: { searched, found } });
  const judgedBy = (mode: 'show' | 'caution') =>
    judge(
      evaluation,
      { ...config, gate: { ...config.gate, slices: { ...config.gate.slices, search: mode } } },
      { first: false, trigger: 'schedule' },
    );
  expect(judgedBy('show')).toMatchObject({ verdict: 'pass', warnings: [] });
  const cautious = judgedBy('caution');
  expect(cautious.verdict).toBe('pass');
  expect(cautious.warnings[0]).toMatch(/^hour .*: found by search on [\d,]+ rows, mean loss/);
});
