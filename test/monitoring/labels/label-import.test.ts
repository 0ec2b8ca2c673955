/** Labels by file and by many writers at once: nothing lost, nothing counted twice, what is unknown or late refused. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadWorkspace } from '../../../src/config/load.ts';
import type { ModelConfig } from '../../../src/config/model.ts';
import { labelCoverage } from '../../../src/monitoring/labels/label-coverage.ts';
import { type Imported, importLabels, type LabelImport } from '../../../src/monitoring/labels/label-import.ts';
import type { LabelScale } from '../../../src/monitoring/labels/label-scale.ts';
import { labelsAsOf, recordLabels } from '../../../src/monitoring/labels/labels.ts';
import { writePartitions } from '../../../src/monitoring/log/partitions.ts';
import { readLog } from '../../../src/monitoring/log/prediction-log.ts';
import { predictionRecord } from '../../../src/monitoring/log/records.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { openStore } from '../../../src/store/open-store.ts';

const { models } = await loadWorkspace(fileURLToPath(new URL('../../../', import.meta.url)));
const base = models.get('flights-delay')!.config;
const asOf = '2013-06-01T00:00:00.000Z';
const day = (n: number) => new Date(Date.UTC(2013, 3, n)).toISOString();
let dir: string;
let store: ObjectStore;
let nth = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-label-import-'));
  store = openStore(`file:${join(dir, 'store')}`);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A model with `count` predictions of 10 April, `p0`, `p1`, … */
async function predicted(count: number): Promise<ModelConfig> {
  const model = `import-${nth++}`;
  const rows = Array.from({ length: count }, (_, i) => ({
    ...{ inference_id: `p${i}`, event_time: Date.parse(day(10)), model, version: 1, arm: 'champion', prediction: 0.5 },
  }));
  await writePartitions(store, { kind: predictionRecord, model, chunks: [rows], writtenAt: 1, tempDir: dir });
  return { ...base, model };
}

const binary: LabelScale = { task: 'binary', positive: 1, classes: [] };
async function imported(
  config: ModelConfig,
  name: string,
  text: string,
  more: Partial<LabelImport> = {},
): Promise<Imported> {
  const file = join(dir, `${nth++}-${name}`);
  await writeFile(file, text);
  const columns = { id: 'inference_id', label: 'label', observed: 'observed_at' };
  const place = { cacheDir: join(dir, 'cache'), workDir: dir, signal: new AbortController().signal };
  const request = { store, config, scale: binary, file, columns, asOf, recordedAt: Date.now(), dryRun: false };
  return importLabels({ ...request, ...place, ...more });
}
const known = async (config: ModelConfig, at = asOf) =>
  (
    await labelsAsOf(store, config.model, {
      asOf: at,
      log: await readLog(store, config.model, { cacheDir: join(dir, 'cache') }),
      acceptWithin: 'P1095D',
      cacheDir: join(dir, 'cache'),
    })
  ).counts;

test('a file is joined on the id: first labels and corrections are recorded, repetitions ignored, strangers and late ones refused', async () => {
  const config = await predicted(4);
  const csv = [
    'inference_id,label,observed_at',
    `p0,1,${day(11)}`,
    `p1,0,${day(11)}`,
    `p1,0,${day(12)}`,
    `p1,1,${day(13)}`,
    `nobody,1,${day(11)}`,
    `p2,1,2017-01-01T00:00:00Z`,
    `p3,true,2013-04-30 12:00:00+02:00`,
  ].join('\n');
  const now = '2017-02-01T00:00:00.000Z';
  const dry = await imported(config, 'april.csv', csv, { asOf: now, dryRun: true });
  expect(dry).toEqual({
    ...{ rows: 7, recorded: 4, corrected: 1, repeated: 1, unknown: 1, too_late: 1 },
    examples: ['nobody', 'p2'],
  });
  expect(await known(config, now)).toMatchObject({ labelled: 0 });
  expect(await imported(config, 'april.csv', csv, { asOf: now })).toEqual(dry);
  expect(await known(config, now)).toEqual({ labelled: 3, repeated: 0, corrected: 1, unknown: 0, too_late: 0 });
  expect(await imported(config, 'april.csv', csv, { asOf: now })).toMatchObject({ recorded: 0, repeated: 5 });
  expect(await known(config, now)).toEqual({ labelled: 3, repeated: 0, corrected: 1, unknown: 0, too_late: 0 });
});

test('two years late is within the window, and a label out of order does not undo the later word', async () => {
  const config = await predicted(2);
  const late = '2015-04-10T00:00:00Z';
  const now = '2015-05-01T00:00:00.000Z';
  await imported(config, 'late.jsonl', JSON.stringify({ inference_id: 'p0', label: 1, observed_at: late }), {
    asOf: now,
  });
  const before = JSON.stringify({ inference_id: 'p0', label: 0, observed_at: day(12) });
  expect(await imported(config, 'older.jsonl', before, { asOf: now })).toMatchObject({ recorded: 1, corrected: 0 });
  expect(await known(config, now)).toMatchObject({ labelled: 1, corrected: 1 });
  const found = await labelsAsOf(store, config.model, { asOf: now, cacheDir: join(dir, 'cache') });
  expect(found.counts.labelled).toBe(1);
  expect(await known(config, day(20)), 'as known on 20 April').toMatchObject({ labelled: 1, corrected: 0 });
});

test('SQL over a file takes any shape, and classes and numbers have their own scale', async () => {
  const config = await predicted(3);
  const csv = 'key;outcome;when\n0;late;2013-04-11\n1;on time;2013-04-11\n';
  const query = `SELECT 'p' || key AS inference_id, outcome AS label, "when"::TIMESTAMP AS observed_at FROM source`;
  const scale: LabelScale = { task: 'multiclass', positive: null, classes: ['on time', 'late'] };
  expect(await imported(config, 'x.csv', csv, { query, scale })).toMatchObject({ recorded: 2 });
  const numbers = `inference_id,label,observed_at\np2,17.5,${day(11)}`;
  const regression: LabelScale = { task: 'regression', positive: null, classes: [] };
  expect(await imported(config, 'y.csv', numbers, { scale: regression })).toMatchObject({ recorded: 1 });
  await expect(
    imported(config, 'z.csv', csv, { query: "SELECT * FROM read_csv('/etc/passwd')", scale }),
  ).rejects.toThrow(/were refused: Permission Error/);
});

test.each([
  ['a missing id', `,1,${day(11)}`, '1 rows have no inference_id (rows 2)'],
  ['a label that is none', `p1,maybe,${day(11)}`, 'row 2 says "maybe": 0 or 1 is needed'],
  ['no time', 'p1,1,yesterday', '1 rows have no time in observed_at'],
  ['a time to come', 'p1,1,2013-07-01T00:00:00Z', '1 rows were observed after 2013-06-01'],
])('%s refuses the whole file, and nothing is recorded', async (_, line, problem) => {
  const config = await predicted(2);
  const csv = `inference_id,label,observed_at\np0,1,${day(11)}\n${line}\n`;
  await expect(imported(config, 'bad.csv', csv)).rejects.toThrow(problem);
  expect((await known(config)).labelled).toBe(0);
});

test('a file without the columns, or of an unknown kind, says which are needed', async () => {
  const config = await predicted(1);
  await expect(imported(config, 'a.csv', 'id,y\n1,2\n')).rejects.toThrow('needs the columns inference_id, label and');
  await expect(imported(config, 'a.xlsx', '')).rejects.toThrow('it is not .csv, .parquet or .jsonl');
});

test('eight writers at once, some saying the same, some correcting: every id has one label, every correction counts once', async () => {
  const config = await predicted(400);
  const report = (i: number, value: number, observed: string) => ({
    inference_id: `p${i}`,
    label: value,
    observed_at: observed,
  });
  const all = Array.from({ length: 400 }, (_, i) => i);
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    const own = all.filter((i) => i % 4 === writer % 4); // two writers say the same of each id
    for (let from = 0; from < own.length; from += 25) {
      const some = own.slice(from, from + 25);
      await recordLabels(
        store,
        config.model,
        some.map((i) => report(i, i % 2, day(11))),
        { tempDir: dir },
      );
      const corrected = some.filter((i) => i % 10 === 0).map((i) => report(i, 1 - (i % 2), day(12)));
      await recordLabels(store, config.model, corrected, { tempDir: dir });
    }
  });
  const file = ['inference_id,label,observed_at', ...all.map((i) => `p${i},${i % 2},${day(11)}`)].join('\n');
  await Promise.all([...writers, imported(config, 'beside.csv', file)]);

  const counts = await known(config);
  expect(counts).toMatchObject({ labelled: 400, corrected: 40, unknown: 0, too_late: 0 });
  const place = { asOf: day(14), weeks: 1, cacheDir: join(dir, 'cache'), workDir: dir };
  const { weeks } = await labelCoverage({ store, config, ...place });
  expect(weeks).toMatchObject([{ predictions: 400, coverage: 1, corrected: 40 }]);
});

test('a week is restated as its labels come in: what was known on day 1, on day 7 and now', async () => {
  const config = await predicted(10);
  const labels = (ids: number[], at: string) => ids.map((i) => ({ inference_id: `p${i}`, label: 1, observed_at: at }));
  await recordLabels(store, config.model, labels([0, 1, 2, 3], day(11)), { tempDir: dir });
  await recordLabels(store, config.model, labels([4, 5], day(17)), { tempDir: dir });
  await recordLabels(store, config.model, labels([6], day(28)), { tempDir: dir });
  const look = (at: string) =>
    labelCoverage({ store, config, asOf: at, weeks: 6, cacheDir: join(dir, 'cache'), workDir: dir });
  const week = async (at: string) => (await look(at)).weeks.find(({ predictions }) => predictions > 0);
  expect(await week(day(13))).toMatchObject({ coverage: 0.4, known: [{ coverage: null }, {}, {}] });
  expect(await week(day(21))).toMatchObject({
    window: { from: day(7), to: day(14) },
    coverage: 0.6,
    known: [
      { day: 1, coverage: 0.4 },
      { day: 7, coverage: 0.6 },
      { day: 30, coverage: null },
    ],
  });
  expect((await week(day(28)))?.coverage).toBe(0.7);
});
