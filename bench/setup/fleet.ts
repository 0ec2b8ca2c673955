/** Many models with eight weeks of logged predictions and labels each, and a delivery, as they stand before a tick. */
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { recordAccepted } from '../../src/data/accepted.ts';
import { type Connection, withDuckDb } from '../../src/data/engine.ts';
import { featureDefinition } from '../../src/data/features/definition.ts';
import { ingest } from '../../src/data/ingest/ingest.ts';
import { quoteName, quoteText } from '../../src/data/sql-text.ts';
import { read } from '../../src/drift/profile.ts';
import { referenceProfile } from '../../src/drift/reference.ts';
import { openLedger } from '../../src/registry/ledger.ts';
import type { ServedDefinition } from '../../src/serving/contract.ts';
import { putByDigest, sha256OfFile } from '../../src/store/content.ts';
import { registerChampion } from './registered-model.ts';
import type { BenchWorkspace } from './workspace.ts';

const EVENTS = resolve(import.meta.dirname, '../../examples/flights_nyc_2013/events');
const PROMOTED = '2013-02-01T00:00:00.000Z';

export interface FleetData {
  /** First tick; the log goes on for the days of the later ones. */
  readonly asOf: string;
  readonly days: number;
  /** Files of one day of a log, as its prediction server wrote them. */
  readonly filesADay: number;
}

/** Predictions of flights in February to April by the late rate of carrier and hour; each model has rows of its own. */
export async function fillFleet(
  bench: BenchWorkspace,
  models: readonly string[],
  data: FleetData,
): Promise<{ rowsADay: number }> {
  const dir = await mkdtemp(join(bench.dir, 'fleet-'));
  let rowsADay = 0;
  await withDuckDb({ tempDir: dir, memoryMb: 2048 }, async (db) => {
    const features = await writeScored(db, bench, dir);
    const reference = await referenceOf(db, features, dir);
    for (const [nth, model] of models.entries()) {
      rowsADay = await logOf(db, bench, { model, nth, features, dir, ...data });
      await register(bench, { model, features, reference, asOf: data.asOf });
    }
  });
  await rm(dir, { recursive: true });
  return { rowsADay };
}

type Features = ReturnType<typeof featureDefinition>;

/** All features and a score of the flights of four months, as the table `scored`; January's as a file. */
async function writeScored(db: Connection, { workspace }: BenchWorkspace, dir: string): Promise<Features> {
  const [first] = [...workspace.models.values()];
  if (first === undefined) throw new Error('no model');
  const definition = featureDefinition(first.config);
  const columns = definition.columns.map(({ name, expr }) => `${expr} AS ${quoteName(`f_${name}`)}`);
  const flights = `read_parquet('${EVENTS}/2013-0[1-4].parquet')`;
  await db.run(`CREATE TEMP TABLE scored AS WITH rates AS (
      SELECT carrier AS own_carrier, sched_dep_minute // 60 AS own_hour, (sum(arrived_late) + 23.25) / (count(arrived_late) + 100) AS rate
      FROM ${flights} WHERE month(event_ts) = 1 GROUP BY ALL)
    SELECT flight_id, tail_number, event_ts::TIMESTAMP AS event_ts, arrived_late, label_available_at::TIMESTAMP AS label_at,
      coalesce(rate, 0.2325)::DOUBLE AS score, ${columns.join(', ')}
    FROM ${flights} f LEFT JOIN rates ON carrier = own_carrier AND sched_dep_minute // 60 = own_hour`);
  const names = definition.columns.map(({ name }) => `${quoteName(`f_${name}`)} AS ${quoteName(name)}`);
  await db.run(
    `COPY (SELECT ${names.join(', ')}, event_ts FROM scored WHERE month(event_ts) = 1) TO ${quoteText(join(dir, 'january.parquet'))}`,
  );
  return definition;
}

async function referenceOf(db: Connection, { numeric, categorical }: Features, dir: string) {
  const [values = [], times = []] = await read(
    db,
    'SELECT score, epoch_ms(event_ts)::DOUBLE FROM scored WHERE month(event_ts) = 1',
  );
  const predictions = { values: Float64Array.from(values, Number), eventTime: Float64Array.from(times, Number) };
  const paths = [join(dir, 'january.parquet')];
  return await referenceProfile({ paths, numeric, categorical, timeColumn: 'event_ts', workDir: dir, predictions });
}

interface LogOrder extends FleetData {
  readonly model: string;
  readonly nth: number;
  readonly features: Features;
  readonly dir: string;
}

/** @returns predictions of one day */
async function logOf(db: Connection, { dir: root }: BenchWorkspace, order: LogOrder): Promise<number> {
  const { model, nth, features, dir, asOf, days, filesADay } = order;
  const to = new Date(Date.parse(asOf) + days * 86_400_000).toISOString();
  const rows = `FROM scored WHERE event_ts >= '${PROMOTED}' AND event_ts < '${to}' AND hash(flight_id + ${nth}) % 10 < 9`;
  const id = 'flight_id::VARCHAR AS inference_id';
  const names = features.columns.map(({ name }) => quoteName(`f_${name}`));
  const out = join(dir, model);
  await mkdir(out);
  const part = `hash(flight_id) % ${filesADay} AS part`;
  await db.run(`COPY (SELECT ${id}, tail_number AS entity, event_ts AS event_time, event_ts AS logged_at, '${model}' AS model,
      1::INT AS version, 'champion' AS arm, 1::INT AS generation, score AS prediction, NULL::DOUBLE[] AS scores,
      NULL::VARCHAR AS decision, 0.5::DOUBLE AS threshold, NULL::DOUBLE AS propensity, NULL::BOOLEAN AS explored,
      md5(flight_id::VARCHAR) AS request_digest, 1.0::DOUBLE AS latency_ms, 'n1' AS node, false AS staged,
      NULL::TIMESTAMP AS lookup_as_of, ${names.join(', ')}, strftime(event_ts, '%Y-%m-%d') AS date, ${part} ${rows})
    TO ${quoteText(join(out, 'log'))} (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (date, part))`);
  await db.run(`COPY (SELECT ${id}, arrived_late::DOUBLE AS label, arrived_late::VARCHAR AS label_text, label_at AS observed_at,
      label_at AS recorded_at, strftime(label_at, '%Y-%m-%d') AS date, 0 AS part ${rows} AND arrived_late IS NOT NULL)
    TO ${quoteText(join(out, 'labels'))} (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (date, part))`);
  for (const folder of ['log', 'labels'])
    await intoStore(join(out, folder), join(root, 'store', 'models', model, folder));
  const [count] = await read(db, `SELECT (count(*) / count(DISTINCT event_ts::DATE))::DOUBLE ${rows}`);
  return Number(count?.[0]);
}

/** Moves `date=…/part=…/*.parquet` to where the store keeps `date=…/<written>-<sha256>.parquet`. */
async function intoStore(from: string, to: string): Promise<void> {
  for (const date of await readdir(from)) {
    await mkdir(join(to, date), { recursive: true });
    for (const part of await readdir(join(from, date))) {
      for (const file of await readdir(join(from, date, part))) {
        const path = join(from, date, part, file);
        await rename(path, join(to, date, `1-${await sha256OfFile(path)}.parquet`));
      }
    }
  }
}

interface RegisterOrder {
  readonly model: string;
  readonly features: Features;
  readonly reference: Awaited<ReturnType<typeof referenceOf>>;
  readonly asOf: string;
}

/** Champion since February, and the newest delivery accepted, as a run would have left them. */
async function register(bench: BenchWorkspace, { model, features, reference, asOf }: RegisterOrder): Promise<void> {
  const { store, workspace, dir } = bench;
  const config = workspace.models.get(model)?.config;
  const { config: digest } = await openLedger(store, model).state();
  if (config === undefined || digest === null) throw new Error(`${model} is not applied`);
  const around = { store, cacheDir: join(dir, 'bench-cache'), workDir: join(dir, 'bench-work') };
  const { ref, manifest } = await ingest({ ...around, config, asOf, base: dir });
  const run = `${model}-000001`;
  const { window, rows } = manifest;
  await recordAccepted(store, model, { run, as_of: asOf, raw: ref.digest, accepted: ref.digest, window, rows });
  const { numeric, categorical } = features;
  const served: ServedDefinition = {
    definition: JSON.parse(JSON.stringify(features)) as ServedDefinition['definition'],
    raw_types: Object.fromEntries(manifest.columns.map(({ name, type }) => [name, type])),
    ...{ id: 'flight_id', entity: 'tail_number', event_time: 'event_ts', threshold: 0.5 },
  };
  await registerChampion(store, {
    ...{ model, config: digest, served, asOf: PROMOTED },
    signature: {
      contract: 1,
      task: 'binary',
      numeric: [...numeric],
      categorical: [...categorical],
      output: 'probability',
      classes: null,
    },
    referenceProfile: await putByDigest(store, 'profiles', reference),
  });
}
