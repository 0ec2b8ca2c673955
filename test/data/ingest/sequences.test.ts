import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newestAccepted, recordAccepted } from '../../../src/data/accepted.ts';
import type { Changes } from '../../../src/data/ingest/contract.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { validate } from '../../../src/data/validation/validate.ts';
import { surroundings, tinyConfig, writeParquet } from '../surroundings.ts';

/** A folder of monthly deliveries, and runs that ingest, validate and record what was accepted, as the stages do. */
async function producer(rolling?: string) {
  const around = await surroundings();
  const folder = join(around.dir, 'delivered');
  await mkdir(folder);
  const config = await tinyConfig(folder, (config) => {
    config.data.source = { type: 'parquet', path: folder };
    config.data.label.if_never = 'negative';
    if (rolling) {
      config.training.window = { type: 'rolling', length: rolling };
      config.training.split = { validation: 'P2D', holdout: 'P2D', gap: 'PT0S' };
    }
  });

  /** 12 rows a day, labelled after two days; `x` is the row's number times `factor`. */
  const month = (name: string, options: { factor?: number; days?: number; step?: number } = {}) => {
    const { factor = 1, days = 31, step = 7200 } = options;
    const start = `TIMESTAMPTZ '${name}-01 00:30:00+00'`;
    return writeParquet(
      folder,
      `${name}.parquet`,
      `SELECT '${name}-' || i AS id, 'e' || (i % 3) AS entity, ${start} + i * INTERVAL ${step} SECOND AS at,
              i * ${factor}::DOUBLE AS x, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END AS kind,
              CASE WHEN hash(i) % 3 = 0 THEN 1 ELSE 0 END AS y, ${start} + i * INTERVAL ${step} SECOND + INTERVAL 2 DAY AS known_at
       FROM range(${(86_400 / step) * 31}) t(i)
       WHERE ${start} + i * INTERVAL ${step} SECOND < ${start} + INTERVAL ${days} DAY
         AND strftime(${start} + i * INTERVAL ${step} SECOND, '%Y-%m') = '${name}'`,
    );
  };

  const run = async (run: string, asOf: string) => {
    const { store } = around;
    const previous = await newestAccepted(store, config.model, asOf, run);
    const { ref, manifest, changes } = await ingest({ ...around, config, asOf, previous });
    const report = await validate({
      ...around,
      config,
      asOf,
      raw: ref.digest,
      ...(previous ? { previous: previous.accepted } : {}),
    });
    if (report.verdict === 'accept') {
      const entry = {
        as_of: asOf,
        raw: ref.digest,
        accepted: report.accepted,
        window: manifest.window,
        rows: ref.rows,
      };
      await recordAccepted(store, config.model, { run, ...entry });
    }
    return { ref, manifest, changes, verdict: report.verdict };
  };
  return { around, folder, config, month, run };
}

const at = (day: string) => `${day}T00:00:00.000Z`;
const periods = ({ periods }: Changes) => periods.map(({ kind, from, to, rows }) => `${kind} ${from} ${to} ${rows}`);

test('the same file twice, by the same or another name, adds nothing and keeps the digest', async () => {
  const { folder, month, run } = await producer();
  const path = await month('2013-01');
  const first = await run('run-1', at('2013-02-05'));
  expect(first.changes.sentences.at(-1)).toBe('First data: 372 rows, January 2013.');
  expect(first.changes.since).toBeNull();

  const again = await run('run-2', at('2013-02-05'));
  expect(again.ref).toEqual(first.ref);
  expect(again.changes.sentences).toEqual([
    'No rows for 2013-02-01 to 2013-02-04, where there usually are some: ask for the delivery, or for the reason.',
  ]);
  expect(again.changes).toMatchObject({
    periods: [],
    labelled: 0,
    files: { new: { count: 0 }, changed: { count: 0 } },
  });

  await copyFile(path, join(folder, '2013-01 (copy).parquet'));
  const copied = await run('run-3', at('2013-02-05'));
  expect(copied.ref.rows).toBe(372);
  expect(copied.changes.files.repeated.count).toBe(1);
  expect(copied.changes.sentences).toContainEqual(expect.stringMatching(/is the same file as .* and adds nothing\.$/));
});

test('months out of order: an older month after a newer one is told apart from late rows of a known day', async () => {
  const { month, run } = await producer();
  await month('2013-02');
  await run('run-1', at('2013-03-01'));
  await month('2013-01');
  const { changes, ref } = await run('run-2', at('2013-03-01'));
  expect(ref.rows).toBe(372 + 336);
  expect(periods(changes)).toEqual(['out_of_order 2013-01-01 2013-01-31 372']);
  expect(changes.sentences).toEqual(['January 2013 came out of order: 372 rows, delivered after newer ones.']);
});

test('a missing month is named as a gap, and its later delivery closes it', async () => {
  const { month, run } = await producer();
  await month('2013-01');
  await month('2013-03');
  const first = await run('run-1', at('2013-04-01'));
  expect(first.manifest.gaps).toEqual([{ from: '2013-02-01', to: '2013-02-28' }]);
  expect(first.changes.sentences[0]).toMatch(/^No rows for February 2013, where there usually are some/);
  await month('2013-02');
  const { manifest, changes } = await run('run-2', at('2013-04-02'));
  expect(manifest.gaps).toEqual([{ from: '2013-04-01', to: '2013-04-01' }]);
  expect(periods(changes)).toEqual(['out_of_order 2013-02-01 2013-02-28 336']);
  expect(changes.labelled).toBe(12); // those of 30 March, two days old by now
});

test('a corrected month is a correction with its rows counted, a new snapshot, and no news about other months', async () => {
  const { month, run } = await producer();
  await month('2013-01');
  await month('2013-02');
  const first = await run('run-1', at('2013-03-05'));
  await month('2013-01', { factor: 2 });
  const second = await run('run-2', at('2013-03-05'));
  expect(second.ref.digest).not.toBe(first.ref.digest);
  expect(second.manifest.files[1]).toEqual(first.manifest.files[1]);
  expect(periods(second.changes)).toEqual(['corrected 2013-01-01 2013-01-31 371']); // row 0 is 0 either way
  expect(second.changes.files.changed.count).toBe(1);
  expect(second.changes.sentences[0]).toBe(
    'January 2013 was corrected: 371 rows that were there before say something else now.',
  );
});

test('new days, late rows, gone rows and labels that arrived are four different things', async () => {
  const { month, run } = await producer();
  await month('2013-01', { days: 20, step: 14_400 });
  const first = await run('run-1', at('2013-01-21'));
  expect(first.ref.rows).toBe(120);
  await month('2013-01', { days: 25, step: 14_400 });
  const grown = await run('run-2', at('2013-01-26'));
  expect(periods(grown.changes)).toEqual(['new 2013-01-21 2013-01-25 30']);
  expect(grown.changes.labelled).toBe(12);
  expect(grown.changes.sentences).toEqual(['12 rows got their label.', '2013-01-21 to 2013-01-25 is new: 30 rows.']);

  await month('2013-01', { days: 22, step: 14_400 });
  const shrunk = await run('run-3', at('2013-01-26'));
  expect(periods(shrunk.changes)).toContain('removed 2013-01-23 2013-01-25 18');
});

test('rows delivered late for days that were seen already are late, not new', async () => {
  const { folder, month, run } = await producer();
  await month('2013-01');
  await run('run-1', at('2013-02-01'));
  await writeParquet(
    folder,
    'late.parquet',
    `SELECT 'late-' || i AS id, 'e1' AS entity, TIMESTAMPTZ '2013-01-30 05:00:00+00' + i * INTERVAL 1 HOUR AS at,
            1.5::DOUBLE AS x, 'a' AS kind, 1 AS y, TIMESTAMPTZ '2013-01-31' AS known_at FROM range(5) t(i)`,
  );
  const { changes } = await run('run-2', at('2013-02-01'));
  expect(periods(changes)).toEqual(['late 2013-01-30 2013-01-30 5']);
  expect(changes.sentences).toEqual(['2013-01-30 got late rows: 5 rows older than the newest seen before.']);
});

test('a rolling window that moves on removes nothing, and an older month delivered into it is out of order', async () => {
  const { month, run } = await producer('P28D');
  await month('2013-02');
  const first = await run('run-1', at('2013-03-01'));
  expect(first.manifest.window.from).toBe('2013-02-01T00:30:00.000Z');
  await month('2013-01');
  const second = await run('run-2', at('2013-03-02'));
  expect(second.manifest.window.from).toBe('2013-01-27T00:30:00.000Z');
  expect(periods(second.changes)).toEqual(['out_of_order 2013-01-27 2013-01-31 60']);
  const third = await run('run-3', at('2013-03-10'));
  expect(third.manifest.window.from).toBe('2013-02-04T00:30:00.000Z');
  expect(periods(third.changes)).toEqual([]);
});

test('data that cannot be compared any more is told as first data, and stops nothing', async () => {
  const { month, run, config, around, folder } = await producer();
  await month('2013-01');
  const { ref, manifest } = await run('run-1', at('2013-02-01'));
  await writeParquet(
    folder,
    '2013-01.parquet',
    `SELECT * REPLACE (y + 0 AS y), id AS number, y AS bought, "at" AS ordered_at FROM '${await month('2013-02')}'`,
  );
  await rm(join(folder, '2013-02.parquet'));
  config.data.label.column = 'bought';
  const relabelled = await run('run-2', at('2013-03-01'));
  expect(relabelled.changes.since?.run).toBe('run-1'); // only the label's column is another one
  Object.assign(config.data, { id: 'number', event_time: 'ordered_at' });
  const { changes } = await ingest({
    ...around,
    config,
    asOf: at('2013-03-01'),
    previous: {
      run: 'run-1',
      as_of: at('2013-02-01'),
      raw: ref.digest,
      accepted: ref.digest,
      window: manifest.window,
      rows: 1,
    },
  });
  expect(changes).toMatchObject({ since: null, periods: [] });
  const gone = {
    run: 'run-0',
    as_of: at('2013-02-01'),
    raw: '0'.repeat(64),
    accepted: ref.digest,
    window: manifest.window,
    rows: 1,
  };
  expect((await ingest({ ...around, config, asOf: at('2013-03-01'), previous: gone })).changes.since).toBeNull();
});

test('a refused delivery leaves the newest-data mark where it was', async () => {
  const { folder, month, run, around, config } = await producer();
  await month('2013-01');
  await run('run-1', at('2013-02-01'));
  config.data.rules = [{ column: 'x', between: [0, 1000], severity: 'reject' }];
  await month('2013-01', { factor: 100 });
  const bad = await run('run-2', at('2013-02-01'));
  expect(bad.verdict).toBe('reject');
  expect((await newestAccepted(around.store, 'tiny', at('2013-02-02')))?.run).toBe('run-1');
  await rm(join(folder, '2013-01.parquet'));
  await month('2013-01');
  const { changes } = await run('run-3', at('2013-02-01'));
  expect(changes.since?.run).toBe('run-1');
  expect(changes.sentences).toEqual(['Nothing changed since run-1.']);
});

test('two deliveries at the same time both finish, each compared with what was accepted before both', async () => {
  const { folder, month, run, around } = await producer();
  await month('2013-01');
  await run('run-1', at('2013-02-01'));
  const path = await month('2013-02');
  await rename(path, join(folder, 'feb.parquet'));
  const both = await Promise.all([run('run-2', at('2013-03-01')), run('run-3', at('2013-03-01'))]);
  expect(both[0]?.ref).toEqual(both[1]?.ref);
  for (const { changes } of both) {
    expect(changes.since?.run).toBe('run-1');
    expect(periods(changes)).toEqual(['new 2013-02-01 2013-02-28 336']);
  }
  expect((await newestAccepted(around.store, 'tiny', at('2013-03-01')))?.run).toBe('run-3');
});
