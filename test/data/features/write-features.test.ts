/** The examples of docs/how-to/write-features.md, run on the flights of January. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { crossCheck } from '../../../src/config/cross-checks.ts';
import type { ModelConfig } from '../../../src/config/model.ts';
import { features } from '../../../src/config/sections/features.ts';
import { withDuckDb } from '../../../src/data/engine.ts';
import { featuresForWindow } from '../../../src/data/features/build.ts';
import { featureDefinition } from '../../../src/data/features/definition.ts';
import { checkExpressions } from '../../../src/data/features/expression-check.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { blocksOf } from '../../docs/pages.ts';
import { flightsConfig, january, query, surroundings, writeText } from '../surroundings.ts';

const page = blocksOf('docs/how-to/write-features.md');
const block = (tag: string) => page.find((each) => each.tag === tag)?.text ?? `no block "${tag}"`;
const asOf = '2013-01-31T00:00:00.000Z';

async function example(change: (config: ModelConfig) => void = () => {}, table = block('reference/planes.csv')) {
  const around = await surroundings();
  await mkdir(dirname(join(around.dir, 'reference/planes.csv')), { recursive: true });
  await writeText(around.dir, 'reference/planes.csv', table);
  const config = await flightsConfig((config) => {
    config.features = features.parse(parse(block('features')).features);
    Object.assign(config.gate.slices, { columns: [], critical: [] });
    change(config);
  });
  return { ...around, base: around.dir, config, asOf };
}

test('the features of the page are what plain SQL says about each flight', async () => {
  const input = await example();
  expect(crossCheck(input.config, undefined).filter(({ path }) => path[0] === 'features')).toEqual([]);
  const { ref } = await ingest(input);
  const window = { from: '2013-01-10T00:00:00.000Z', to: '2013-01-25T00:00:00.000Z' };
  const path = await featuresForWindow({ ...input, raw: ref.digest, ...window });
  const seats = await query(
    input.dir,
    `SELECT f.seats, min(s.event_ts)::DATE::VARCHAR AS first, max(s.event_ts)::DATE::VARCHAR AS last
     FROM '${path}' f JOIN '${january}' s ON f._id = s.flight_id::VARCHAR
     WHERE s.tail_number = 'N14228' GROUP BY 1 ORDER BY 1`,
  );
  expect(seats.map((row) => row['seats'])).toEqual([149, 160]);
  expect(String(seats[0]?.['last']) < '2013-01-18').toBe(true);
  expect(String(seats[1]?.['first']) >= '2013-01-18').toBe(true);

  const [checked] = await query(
    input.dir,
    `WITH drawn AS (SELECT f.*, s.event_ts, s.carrier AS c, s.origin AS o FROM '${path}' f
       JOIN '${january}' s ON f._id = s.flight_id::VARCHAR USING SAMPLE reservoir(150 ROWS) REPEATABLE (7)),
     slow AS (SELECT s.*,
       (SELECT avg(h.arrived_late)::FLOAT FROM '${january}' h WHERE h.carrier = s.c
          AND h.label_available_at >= s.event_ts - INTERVAL 1 HOUR - INTERVAL 7 DAY
          AND h.label_available_at < s.event_ts - INTERVAL 1 HOUR) AS late,
       (SELECT count(*) FROM '${january}' h WHERE h.origin = s.o
          AND h.event_ts >= s.event_ts - INTERVAL 3 HOUR AND h.event_ts < s.event_ts) AS departures
       FROM drawn s)
     SELECT count(*) AS n, count(late_7d) AS known,
       count(*) FILTER (WHERE late_7d IS NOT DISTINCT FROM late AND departures_3h = departures
         AND above_usual IS NOT DISTINCT FROM late_7d - late_21d
         AND at_night = (dep_hour < 6)::INT) AS same FROM slow`,
  );
  expect(Number(checked?.['known'])).toBeGreaterThan(140);
  expect(checked?.['same']).toBe(checked?.['n']);
});

test('the messages of the page are those that a person reads', async () => {
  const twice = await example(() => {}, `${block('reference/planes.csv')}\nN24211,2004-01-01,2004-01-01,150\n`);
  await expect(ingest(twice)).rejects.toThrow(block('repeated'));
  const { config, dir } = await example((config) => {
    config.features.sql = { wrong: { type: 'float32', expr: 'arr_delay_min / 60' } };
  });
  const columns = ['arr_delay_min', ...config.features.use, 'tail_number'];
  const check = withDuckDb({ tempDir: dir }, (db) => checkExpressions(db, featureDefinition(config), columns));
  await expect(check).rejects.toThrow(block('hidden'));
});

test('the section for features that come ready is complete, and any computation beside it is refused', async () => {
  const config = await flightsConfig((config) => {
    config.features = features.parse({ sql: {}, ...parse(block('ready')).features });
    config.gate.slices = { ...config.gate.slices, columns: [], critical: [] };
  });
  const complaints = () => crossCheck(config, undefined).filter(({ path }) => path[0] === 'features');
  expect(complaints()).toEqual([]);
  const whole = await flightsConfig((config) => {
    config.features = { ...features.parse(parse(block('features')).features), precomputed: true };
  });
  const paths = crossCheck(whole, undefined).map(({ path }) => path.join('.'));
  expect(paths).toEqual(expect.arrayContaining(['features.sql', 'features.joins', 'features.windows']));
});
