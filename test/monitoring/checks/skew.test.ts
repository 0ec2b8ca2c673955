import { expect, test } from 'vitest';
import type { ModelConfig } from '../../../src/config/model.ts';
import { recordAccepted } from '../../../src/data/accepted.ts';
import { featureDefinition } from '../../../src/data/features/definition.ts';
import { materialiseLookups } from '../../../src/data/features/lookups.ts';
import { OnlineFeatures } from '../../../src/data/features/online.ts';
import { fetchLookups, Lookups } from '../../../src/data/features/online-lookup.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { localFiles } from '../../../src/data/snapshots.ts';
import { parquetOf } from '../../../src/data/sql-text.ts';
import { compareFeature } from '../../../src/monitoring/checks/skew.ts';
import { checkSkew } from '../../../src/monitoring/checks/skew-check.ts';
import { logPolicy } from '../../../src/monitoring/log/log-policy.ts';
import { LogWriter } from '../../../src/monitoring/log/log-writer.ts';
import { tick } from '../../../src/monitoring/tick.ts';
import { manifestKey } from '../../../src/registry/keys.ts';
import { FEATURE_DEFINITION_FILE } from '../../../src/serving/contract.ts';
import { putBlob, putByDigest, putDocument } from '../../../src/store/content.ts';
import { flightsConfig, query, type Surroundings, surroundings } from '../../data/surroundings.ts';
import { championState, manifest } from '../flights-log.ts';

const asOf = '2013-01-20T00:00:00.000Z';

interface Served extends Surroundings {
  readonly config: ModelConfig;
  /** Rows of a January week as they were delivered, as a caller would send them. */
  readonly rows: Record<string, unknown>[];
  accept(): Promise<void>;
  /** What the prediction server does with them: features online, then the log. */
  serve(
    rows: readonly Record<string, unknown>[],
    by?: { version: number; log: ModelConfig['monitoring']['log'] },
  ): Promise<void>;
}

async function served(change: (config: ModelConfig) => void = () => {}): Promise<Served> {
  const around = await surroundings();
  const config = await flightsConfig(change);
  const { ref, manifest: raw } = await ingest({ ...around, config, asOf });
  const types = Object.fromEntries(raw.columns.map(({ name, type }) => [name, type]));
  const definition = featureDefinition(config);
  const set = await materialiseLookups({ ...around, config, raw: ref.digest, asOf: '2013-01-14T06:00:00.000Z' });
  const lookups = set && (await Lookups.load(await fetchLookups(around.store, null, set.lookups, around.cacheDir)));
  const file = { definition, raw_types: types, id: 'flight_id', entity: 'tail_number', event_time: 'event_ts' };
  const blob = await putBlob(
    around.store,
    Buffer.from(JSON.stringify({ ...file, threshold: 0.5 })),
    FEATURE_DEFINITION_FILE,
  );
  const { numeric, categorical } = definition;
  const register = async (version: number, config: ModelConfig) => {
    const snapshot = await putByDigest(around.store, 'configs', { model: config, groups: {} });
    await putDocument(around.store, manifestKey(config.model, version), {
      ...manifest(null),
      version,
      config: snapshot,
      files: [blob],
      signature: { ...manifest(null).signature, numeric, categorical },
    });
  };
  await register(1, config);
  const files = await localFiles(around.store, raw, around.cacheDir);
  const delivered = await query(
    around.dir,
    `SELECT * EXCLUDE (arrived_late, arr_delay_min, label_available_at) FROM ${parquetOf(files)}
     WHERE event_ts >= '2013-01-14' AND event_ts < '2013-01-17' ORDER BY flight_id`,
  );
  const text = JSON.stringify(delivered, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
  return {
    ...around,
    config,
    rows: JSON.parse(text) as Record<string, unknown>[],
    accept: () =>
      recordAccepted(around.store, config.model, {
        run: 'flights-delay-000001',
        as_of: asOf,
        raw: ref.digest,
        accepted: ref.digest,
        window: raw.window,
        rows: raw.rows,
      }),
    async serve(rows, { version, log: policy } = { version: 1, log: config.monitoring.log }) {
      if (version > 1) await register(version, { ...config, monitoring: { ...config.monitoring, log: policy } });
      const features = await OnlineFeatures.open(definition, types, lookups);
      const computed = await features.compute(rows);
      await features.close();
      const log = new LogWriter({
        store: around.store,
        node: 'n1',
        tempDir: around.dir,
        onError: (error) => {
          throw error;
        },
      });
      log.add({
        model: config.model,
        version,
        arm: 'champion',
        generation: 1,
        threshold: 0.5,
        policy: logPolicy(policy, { ...definition, entity: 'tail_number' }, 'key'),
        loggedAt: Date.parse(asOf),
        latencyMs: 1,
        ...computed,
        rows: rows.map((row) => ({
          raw: {},
          inferenceId: String(row['flight_id']),
          entity: String(row['tail_number']),
          eventTime: Date.parse(String(row['event_ts'])),
          propensity: null,
          explored: null,
          digest: '0',
          scores: [0.2],
          prediction: 0.2,
          decision: 0,
          staged: false,
        })),
      });
      await log.flush();
    },
  };
}

const look = (place: Served, at = asOf) => checkSkew({ ...place, asOf: at });

test('a comparison is exact, counts a missing value as a value, and shows at most five rows', () => {
  const logged = [1, Math.fround(0.1), null, 'UA', 0, 5, null];
  const recomputed = [2, 0.1, null, 'AA', -0, null, 5];
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const found = compareFeature({ feature: 'x', reads: ['x'], logged, recomputed, lookupAge: null }, ids);
  expect(found).toMatchObject({ rows: 7, differing: 5 });
  expect(found.examples.map(({ id }) => id)).toEqual(['a', 'b', 'd', 'f', 'g']);
  const many = { feature: 'x', reads: ['x'], logged: new Array(9).fill(1), recomputed: [], lookupAge: null };
  expect(compareFeature(many, [...'abcdefghi'])).toMatchObject({ differing: 9, examples: { length: 5 } });
});

test('what the prediction server computed is bit for bit what the delivery gives', async () => {
  const place = await served();
  await place.accept();
  await place.serve(place.rows);
  expect(place.rows.length).toBeGreaterThan(2000);
  const found = await look(place);
  expect(found).toMatchObject([{ subject: 'features', state: 'stable', value: 0, rows: place.rows.length }]);
  expect(found[0]?.sentence).toMatch(
    /^17 features of 2,\d\d\d predictions of version 1 are bit for bit what the delivered data gives, 13 to 19 January 2013\.$/,
  );
});

test('a caller that sends other values than are delivered pages with the feature, and nothing is retrained meanwhile', async () => {
  const place = await served();
  await place.accept();
  // one origin sends minutes of another time zone; every row sends the temperature with one digit less
  await place.serve(
    place.rows.map((row) => ({
      ...row,
      sched_dep_minute: Number(row['sched_dep_minute']) + (row['origin'] === 'JFK' ? 60 : 0),
      humidity_pct: row['humidity_pct'] === null ? null : Math.round(Number(row['humidity_pct']) * 10) / 10,
    })),
  );
  const jfk = place.rows.filter((row) => row['origin'] === 'JFK').length;
  const report = await tick({
    ...place,
    state: championState('2013-01-10T00:00:00.000Z'),
    asOf,
    holdout: null,
  });
  const hours = report.findings.find(({ subject }) => subject === 'dep_hour');
  expect(hours).toMatchObject({ kind: 'skew', state: 'broken', rows: place.rows.length, limit: 0 });
  expect(hours?.value).toBeCloseTo(jfk / place.rows.length, 12);
  expect(hours?.sentence).toMatch(
    /^Feature dep_hour was served with other values than the delivered data gives: \d{3} of 2,\d{3} predictions of version 1 differ \(3\d % ?, none may\), 13 to 19 January 2013, such as \d+ \(served \d+, recomputed \d+\) and \d+, \d+, \d+, \d+\. Compare what callers send for sched_dep_minute with what is delivered; no retraining starts meanwhile\.$/,
  );
  expect(report.findings.find(({ subject }) => subject === 'humidity_pct')).toMatchObject({ state: 'broken' });
  expect(report.findings.find(({ subject }) => subject === 'features')?.sentence).toContain('15 features of');
  expect(report.actions).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ kind: 'alert', incident: 'skew-dep_hour', severity: 'page', status: 'opened' }),
    ]),
  );
  expect(report.actions.some(({ kind }) => kind === 'trigger')).toBe(false);
  expect(report.sentence).toContain('was served with other values');
});

test('a feature from a lookup is reported with its age, not as a defect; what is wrong beside it still is', async () => {
  const place = await served((config) => {
    config.features.windows = {
      late_share_7d: {
        ...{ type: 'float32', by: ['origin'], length: 'P7D', delay: 'PT0S', doc: 'late flights of a week' },
        ...{ expr: 'avg(arrived_late)', of_labels: true },
      },
    };
    config.features.sql['late_above'] = { type: 'float32', expr: 'windows.late_share_7d * distance_miles' };
  });
  await place.accept();
  await place.serve(place.rows.map((row) => ({ ...row, plane_seats: 1 })));
  const found = new Map((await look(place)).map((each) => [each.subject, each]));
  expect(found.get('plane_seats')).toMatchObject({ state: 'broken' });
  for (const name of ['late_share_7d', 'late_above']) {
    expect(found.get(name)?.sentence).toMatch(
      /comes from a lookup that was up to 6\d hours|comes from a lookup that was up to 3 days old: /,
    );
    expect(found.get(name)).toMatchObject({ state: 'stable' });
    expect(found.get(name)?.value).toBeGreaterThan(0.5);
  }
});

test('features that the log does not keep are named as not judged, and a protected id is not shown', async () => {
  const place = await served((config) => {
    Object.assign(config.monitoring.log, { hash: ['flight_id'], drop: ['carrier'], bucket: { temp_f: [32, 64] } });
  });
  await place.accept();
  await place.serve(place.rows.map((row) => ({ ...row, distance_miles: 1 })));
  const [distance, others] = await look(place);
  expect(distance?.sentence).toContain('such as one served 1, recomputed ');
  expect(distance?.sentence).not.toContain(String(place.rows[0]?.['flight_id']));
  expect(others?.sentence).toMatch(/Not judged, because the log does not keep them: temp_f, carrier\.$/);
});

test('versions with one definition are judged together, by the features that each of them logs', async () => {
  const place = await served();
  await place.accept();
  const half = place.rows.length >> 1;
  await place.serve(place.rows.slice(0, half));
  await place.serve(place.rows.slice(half), { version: 2, log: { ...place.config.monitoring.log, drop: ['temp_f'] } });
  expect(await look(place)).toMatchObject([
    {
      state: 'stable',
      rows: place.rows.length,
      sentence: expect.stringMatching(/^16 features .* of versions 1, 2 are .*the log does not keep them: temp_f\.$/),
    },
  ]);
});

test('without a delivery, or with ids that no delivery has, nothing is judged and the sentence says why', async () => {
  const place = await served();
  const state = 'not_judged';
  expect(await look(place)).toMatchObject([
    { state, sentence: expect.stringContaining('no delivery has been accepted') },
  ]);
  await place.accept();
  expect(await look(place)).toMatchObject([{ state, sentence: expect.stringContaining('no prediction was logged') }]);
  await place.serve(place.rows.map((row, i) => ({ ...row, flight_id: `other-${i}` })));
  expect(await look(place)).toMatchObject([
    { state, sentence: expect.stringContaining('has its flight_id in the newest accepted delivery; send it') },
  ]);
});
