import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planBatch } from '../../src/batch/plan-batch.ts';
import { publishBatch } from '../../src/batch/publish-batch.ts';
import { scorePart } from '../../src/batch/score-part.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { withDuckDb } from '../../src/data/engine.ts';
import { sourceAt } from '../../src/data/validation/source-at.ts';
import { referenceProfile } from '../../src/drift/reference.ts';
import type { TickReport } from '../../src/monitoring/contract.ts';
import { recordLabels } from '../../src/monitoring/labels/labels.ts';
import { tick } from '../../src/monitoring/tick.ts';
import { putByDigest } from '../../src/store/content.ts';
import { model, openServed, row, type Served } from '../serving/served.ts';

let served: Served;
let config: ModelConfig;
beforeAll(async () => {
  served = await openServed((edited) => {
    const { monitoring } = edited;
    monitoring.log = { sample: 1, keep: 'all_features', hash: [], retention: 'P30D' };
    monitoring.references.drift = 'training';
    monitoring.drift = { psi_warn: 0.1, psi_act: 0.25, min_rows: 200, window: 'P1D', of: { need: 2, of: 2 } };
    config = edited;
  });
  const path = join(served.dir, 'training.parquet');
  await withDuckDb({ tempDir: served.dir }, (db) =>
    db.run(`COPY (SELECT (100 + i * 7 % 1500)::FLOAT AS distance, (i % 24)::FLOAT AS dep_hour,
      (['UA', 'AA', 'B6'])[1 + i % 3] AS carrier, TIMESTAMP '2013-03-01' + to_minutes(i * 10) AS event_ts
      FROM range(4000) t(i)) TO '${path}' (FORMAT parquet)`),
  );
  const reference = await referenceProfile({
    ...{ paths: [path], numeric: ['distance', 'dep_hour'], categorical: ['carrier'], timeColumn: 'event_ts' },
    workDir: served.dir,
  });
  const reference_profile = await putByDigest(served.store, 'profiles', reference);
  await served.register(1, (manifest) => ({ ...manifest, reference_profile }));
  await served.promote(1);
  await scoreNights();
});
afterAll(() => served.close());

/** Two days of a thousand flights, five thousand miles farther than in training; all else as there. */
async function scoreNights(): Promise<void> {
  const rows = Array.from({ length: 2000 }, (_, i) =>
    row(i + 1, {
      event_ts: `2013-04-${i % 2 === 0 ? '10' : '11'}T${String((i >> 1) % 24).padStart(2, '0')}:00:00Z`,
      carrier: ['UA', 'AA', 'B6'][i % 3],
      distance: 5100 + ((i * 7) % 1500),
      sched_dep_minute: (i % 24) * 60,
    }),
  );
  const path = join(served.dir, 'rows.jsonl');
  await writeFile(path, rows.map((one) => JSON.stringify(one)).join('\n'));
  const around = { store: served.store, cacheDir: join(served.dir, 'cache'), workDir: join(served.dir, 'work') };
  const asOf = '2013-04-09T22:00:00.000Z';
  const from = { config: sourceAt(config, path), version: 1, window: null, base: served.dir, asOf, log: true };
  const { batch, parts } = await planBatch({ ...around, ...from });
  const hashKey = () => Promise.resolve('secret');
  for (const { day } of parts) await scorePart({ ...around, model, batch, day, hashKey });
  await publishBatch(served.store, model, batch);
  const labels = rows.map((_, i) => {
    return { inference_id: String(i + 1), label: i % 2, observed_at: '2013-04-12T06:00:00.000Z' };
  });
  await recordLabels(served.store, model, labels, { recordedAt: '2013-04-12T07:00:00.000Z', tempDir: served.dir });
}

async function look(asOf: string): Promise<TickReport> {
  const holdout = { skill: 0.1, log_loss: 0.6, roc_auc: 0.7, baselineRate: 0.5 };
  const { cacheDir, workDir } = { cacheDir: join(served.dir, 'read'), workDir: served.dir };
  const state = await served.ledger.state();
  return await tick({ store: served.store, config, state, asOf, holdout, cacheDir, workDir });
}

test('a look sees the features that moved in a batch, and tells them', async () => {
  const report = await look('2013-04-12T00:00:00.000Z');
  const of = (subject: string) => report.findings.find((one) => one.kind === 'drift' && one.subject === subject);
  expect(of('distance')).toMatchObject({ state: 'moved', rows: 1000 });
  expect([of('dep_hour')?.state, of('carrier')?.state]).toEqual(['stable', 'stable']);
  expect(report.actions).toContainEqual(expect.objectContaining({ kind: 'alert', incident: 'drift-features' }));
});

test('labels that come days later join to the predictions of a batch by the id of the row', async () => {
  const report = await look('2013-04-13T00:00:00.000Z');
  const judged = report.performance.find(({ rows }) => rows > 0);
  expect(judged).toMatchObject({ rows: 2000, labelled: 2000, coverage: 1, label_rate: 0.5 });
});
