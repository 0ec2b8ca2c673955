import { expect, test } from 'vitest';
import type { ModelConfig } from '../../../src/config/model.ts';
import { buildFeatures, buildRefitFeatures } from '../../../src/data/features/build.ts';
import {
  chooseTrainingWindow,
  keepTrainingWindow,
  keptTrainingWindow,
} from '../../../src/data/features/training-window.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { localFiles } from '../../../src/data/snapshots.ts';
import { parquetOf } from '../../../src/data/sql-text.ts';
import type { ConfirmedBreak } from '../../../src/registry/contract.ts';
import { query, type Surroundings, surroundings, tinyConfig, writeParquet } from '../surroundings.ts';

const asOf = '2020-05-01T00:00:00.000Z';
const opened: ConfirmedBreak = {
  ...{ at: '2020-03-01T06:00:00.000Z', source: 'person', by: 'anna' },
  reason: 'the market opened',
};

/** Ten rows a day from 2020-01-01 to as_of; training ends on 2020-04-14, the holdout on 2020-04-30. */
async function town(window: ModelConfig['training']['window']) {
  const around = await surroundings();
  const path = await writeParquet(
    around.dir,
    'rows.parquet',
    `SELECT i AS id, i % 7 AS entity, TIMESTAMPTZ '2020-01-01 00:00:00Z' + i * INTERVAL '144 minutes' AS at,
       (i % 10)::DOUBLE AS x, 'k' || (i % 3) AS kind, (i % 2)::INTEGER AS y,
       TIMESTAMPTZ '2020-01-01 01:00:00Z' + i * INTERVAL '144 minutes' AS known_at FROM range(1210) r(i)`,
  );
  const config = await tinyConfig(path, (changed) => {
    changed.data.label.mature_after = 'P1D';
    changed.training.window = window;
    changed.training.split = { validation: 'P7D', holdout: 'P7D', gap: 'P1D' };
  });
  const { ref, manifest: snapshot } = await ingest({ ...around, config, asOf });
  return { around, input: { ...around, config, asOf, raw: ref.digest, snapshot } };
}

const sinceBreak = (min_rows: number, fallback: { type: 'rolling'; length: string } | { type: 'all_history' }) =>
  ({ type: 'since_break', min_rows, fallback }) as const;

async function trained(around: Surroundings, manifest: Parameters<typeof localFiles>[1], part: 'train' | 'refit') {
  const files = parquetOf(await localFiles(around.store, manifest, around.cacheDir, part));
  const [found] = await query(around.dir, `SELECT count(*)::INT AS n, min(_event_time)::DOUBLE AS first FROM ${files}`);
  return { n: found?.['n'], first: new Date(Number(found?.['first'])).toISOString() };
}

test('rows since the last confirmed break are trained on where they are enough, from the first whole day on', async () => {
  const { around, input } = await town(sinceBreak(430, { type: 'all_history' }));
  const chosen = await chooseTrainingWindow({ ...input, confirmed: opened });
  expect(chosen.geometry.train).toEqual({ from: '2020-03-02T00:00:00.000Z', to: '2020-04-14T00:00:00.000Z' });
  expect(chosen.trainingWindow).toEqual({
    ...{ used: 'since_break', break: opened, rows: 430, min_rows: 430 },
    sentence: 'Trained on 430 mature rows since the break of 2020-03-01T06:00:00.000Z (anna: the market opened).',
  });
  const { manifest } = await buildFeatures({ ...input, ...chosen });
  expect(manifest.training_window).toEqual(chosen.trainingWindow);
  expect(await trained(around, manifest, 'train')).toEqual({ n: 430, first: '2020-03-02T00:00:00.000Z' });
  const refit = await buildRefitFeatures({ ...input, ...chosen });
  expect(await trained(around, refit.manifest, 'refit')).toEqual({ n: 590, first: '2020-03-02T00:00:00.000Z' });

  await keepTrainingWindow(around.store, 'tiny', 'tiny-000001', chosen.trainingWindow ?? expect.fail());
  expect(await keptTrainingWindow(around.store, 'tiny', 'tiny-000001')).toEqual(chosen.trainingWindow);
  expect(await keptTrainingWindow(around.store, 'tiny', 'tiny-000002')).toBeUndefined();
});

test('too few rows since the break take the longer window, the refit too, and the sentence says so', async () => {
  const { around, input } = await town(sinceBreak(431, { type: 'all_history' }));
  const chosen = await chooseTrainingWindow({ ...input, confirmed: opened });
  expect(chosen.geometry.train.from).toBe('2020-01-01T00:00:00.000Z');
  expect(chosen.trainingWindow).toMatchObject({ used: 'fallback', break: opened, rows: 430 });
  expect(chosen.trainingWindow?.sentence).toBe(
    'Trained on all history, not since the break of 2020-03-01T06:00:00.000Z (anna: the market opened): ' +
      'it leaves 430 mature rows before 2020-04-14T00:00:00.000Z, fewer than 431 (training.window.min_rows).',
  );
  const refit = await buildRefitFeatures({ ...input, ...chosen }); // 590 rows since the break would be enough: not asked again
  expect(await trained(around, refit.manifest, 'refit')).toEqual({ n: 1200, first: '2020-01-01T00:00:00.000Z' });
});

test('a break inside validation or holdout, or none at all, leaves the fallback', async () => {
  const { input } = await town(sinceBreak(1, { type: 'rolling', length: 'P30D' }));
  const late = await chooseTrainingWindow({ ...input, confirmed: { ...opened, at: '2020-04-20T00:00:00Z' } });
  expect(late.trainingWindow).toMatchObject({ used: 'fallback', rows: 0 });
  expect(late.geometry.train.from).toBe('2020-03-15T00:00:00.000Z');
  const none = await chooseTrainingWindow({ ...input, confirmed: null });
  expect(none.trainingWindow).toMatchObject({ used: 'fallback', break: null, rows: null });
  expect(none.trainingWindow?.sentence).toBe(
    'No break is confirmed as of 2020-05-01T00:00:00.000Z: trained on a rolling window of P30D.',
  );
});

test('a rolling fallback that would hold fewer rows than there are since the break is not used', async () => {
  const { input } = await town(sinceBreak(5000, { type: 'rolling', length: 'P30D' }));
  const chosen = await chooseTrainingWindow({ ...input, confirmed: opened });
  expect(chosen.trainingWindow).toMatchObject({ used: 'since_break', rows: 430 });
  expect(chosen.trainingWindow?.sentence).toMatch(/fewer than 5,000, but a rolling window of P30D would hold fewer/);
});

test('weights halve with each half-life on training rows only, and the manifest says from when', async () => {
  const { around, input } = await town({ type: 'all_history', decay: { half_life: 'P30D' } });
  const chosen = await chooseTrainingWindow({ ...input, confirmed: opened });
  expect(chosen.trainingWindow).toBeUndefined();
  const { manifest } = await buildFeatures({ ...input, ...chosen });
  expect(manifest.decay).toEqual({ half_life: 'P30D', newest: '2020-04-14T00:00:00.000Z' });
  const train = parquetOf(await localFiles(around.store, manifest, around.cacheDir, 'train'));
  const days = `(${Date.parse('2020-04-14T00:00:00Z')} - _event_time) / 86400000.0`;
  const [off] = await query(
    around.dir,
    `SELECT max(abs(_weight / exp(-ln(2) * ${days} / 30) - 1)) AS off FROM ${train}`,
  );
  expect(off?.['off']).toBeLessThan(1e-12);
  const [oldest] = await query(around.dir, `SELECT arg_min(_weight, _event_time) AS w FROM ${train}`);
  expect(oldest?.['w']).toBeCloseTo(0.5 ** (104 / 30), 12);
  for (const part of ['validation', 'holdout'] as const) {
    const files = parquetOf(await localFiles(around.store, manifest, around.cacheDir, part));
    expect(await query(around.dir, `SELECT DISTINCT _weight AS w FROM ${files}`)).toEqual([{ w: 1 }]);
  }
  const refit = await buildRefitFeatures({ ...input, ...chosen });
  expect(refit.manifest.decay?.newest).toBe('2020-04-30T00:00:00.000Z');
});
