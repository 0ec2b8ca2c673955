/** A batch of a million rows: read and checked, scored, published; CPU against the limit of three seconds beyond reading. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { planBatch } from '../src/batch/plan-batch.ts';
import { publishBatch } from '../src/batch/publish-batch.ts';
import { scorePart } from '../src/batch/score-part.ts';
import { loadWorkspace } from '../src/config/load.ts';
import { withDuckDb } from '../src/data/engine.ts';
import { parquetOf } from '../src/data/sql-text.ts';
import { sourceAt } from '../src/data/validation/source-at.ts';
import { putByDigest } from '../src/store/content.ts';
import { openStore } from '../src/store/open-store.ts';
import { type Benchmark, median } from './contract.ts';
import { flightsModel } from './setup/flights-model.ts';
import { registerChampion } from './setup/registered-model.ts';

const ROWS = 1_000_000;
const REPEATS = Number(process.env['HONE_BENCH_REPEATS'] ?? 5);
const LIMIT_CPU_S = 3;
const AS_OF = '2013-01-26T00:00:00.000Z';
const root = resolve(import.meta.dirname, '..');

export const benchmark: Benchmark = {
  about:
    'a batch of 1,000,000 flights (17 features, two of them SQL): CPU of scoring and writing, limit 3 s beyond reading',
  async run(progress) {
    const dir = await mkdtemp(join(tmpdir(), 'hone-bench-'));
    try {
      const { source } = await flightsModel(dir, progress);
      const config = (await loadWorkspace(root)).models.get('flights-delay')?.config;
      if (!config) throw new Error('config/models/flights-delay.yaml is missing');
      progress('a million rows of four days');
      const path = await millionRows(dir);
      const took = { reading: [] as number[], scoring: [] as number[], wall: [] as number[] };
      for (let i = 0; i < REPEATS; i++) {
        progress(`batch ${i + 1} of ${REPEATS}`);
        const store = openStore(`file:${join(dir, `store-${i}`)}`);
        const digest = await putByDigest(store, 'configs', { model: config, groups: {} });
        await registerChampion(store, { ...source, model: config.model, config: digest, asOf: AS_OF });
        const hashKey = () => Promise.resolve('key of this benchmark');
        const around = { store, hashKey, cacheDir: join(dir, `cache-${i}`), workDir: join(dir, `work-${i}`) };
        const started = performance.now();
        const before = cpuSeconds();
        const plan = await planBatch({
          ...around,
          config: sourceAt(config, path),
          version: 1,
          asOf: AS_OF,
          window: null,
          base: dir,
          log: false,
        });
        const read = cpuSeconds();
        for (const { day } of plan.parts) await scorePart({ ...around, model: config.model, batch: plan.batch, day });
        const { rows } = await publishBatch(store, config.model, plan.batch);
        if (rows !== ROWS) throw new Error(`${rows} rows were scored`);
        took.reading.push(read - before);
        took.scoring.push(cpuSeconds() - read);
        took.wall.push((performance.now() - started) / 1000);
      }
      const ours = median(took.scoring);
      return [
        {
          metric: 'scoring and writing',
          unit: 'CPU s',
          ours,
          limit: LIMIT_CPU_S,
          ratio: LIMIT_CPU_S / ours,
          repeats: REPEATS,
        },
        { metric: 'reading, checking and staging', unit: 'CPU s', ours: median(took.reading), repeats: REPEATS },
        { metric: 'from the file to the published batch', unit: 's', ours: median(took.wall), repeats: REPEATS },
      ];
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
};

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The year's flights three times over, on four days, each row with an id of its own. */
async function millionRows(dir: string): Promise<string> {
  const path = join(dir, 'million.parquet');
  const months = Array.from({ length: 12 }, (_, i) =>
    join(root, `examples/flights_nyc_2013/events/2013-${String(i + 1).padStart(2, '0')}.parquet`),
  );
  await withDuckDb({ tempDir: dir }, (db) =>
    db.run(
      `COPY (SELECT * REPLACE (
           (row_number() OVER ())::VARCHAR AS flight_id,
           TIMESTAMPTZ '2013-12-28' + to_hours((row_number() OVER () % 96)::INTEGER) AS event_ts)
         FROM (FROM ${parquetOf(months)}, range(3)) LIMIT ${ROWS}) TO '${path}' (FORMAT parquet)`,
    ),
  );
  return path;
}
