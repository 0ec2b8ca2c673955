/** A model of three classes through a real run: from rows to probabilities served, and what monitoring says of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withDuckDb } from '../../src/data/engine.ts';
import { packetOfRun } from '../../src/gate/read-packet.ts';
import { packetMarkdown } from '../../src/gate/render.ts';
import { tickReport } from '../../src/monitoring/contract.ts';
import { recordLabels } from '../../src/monitoring/labels/labels.ts';
import { readVersion } from '../../src/registry/versions.ts';
import { getDocument } from '../../src/store/content.ts';
import { exampleRow, smallTown, type Town } from '../town.ts';

const january = resolve(import.meta.dirname, '../../examples/flights_nyc_2013/events/2013-01.parquet');

let town: Town;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-classes-'));
  const path = join(dir, 'flights.parquet');
  await withDuckDb({ tempDir: dir }, (db) =>
    db.run(`COPY (
      SELECT *, CASE WHEN arr_delay_min <= 0 THEN 0 WHEN arr_delay_min <= 30 THEN 1 ELSE 2 END AS delay_class
      FROM '${january}' WHERE arr_delay_min IS NOT NULL) TO '${path}' (FORMAT parquet)`),
  );
  town = await smallTown({
    edit: (file) => {
      const { data, gate, deploy } = file as Record<string, Record<string, Record<string, unknown>>>;
      Object.assign(file, { task: 'multiclass' });
      Object.assign(data as object, {
        source: { type: 'parquet', path },
        outcomes: ['arr_delay_min', 'arrived_late'],
        label: {
          column: 'delay_class',
          available_at: 'label_available_at',
          mature_after: 'PT24H',
          if_never: 'exclude',
        },
      });
      Object.assign(gate as object, {
        uncertainty: {
          resample: 'block',
          block: 'P1D',
          min_blocks: 5,
          min_rows: 500,
          min_rarer_class: 20,
          resamples: 200,
        },
        primary: 'log_loss',
        champion: { promote_when: 'non_inferior', margin: { log_loss: '5%' }, margin_to_anchor: '2x' },
        floors: { log_loss: 'below_baseline', roc_auc: 0.5 },
        slices: { columns: ['origin'], critical: ['origin'], margin: { log_loss: 0.2 }, min_rows: 500 },
      });
      Object.assign(deploy as object, {
        canary: { steps: [50, 100], bake: 'PT0.5S', min_requests: 0, max_wait: 'PT1M' },
      });
    },
  });
});
vi.setConfig({ testTimeout: 300_000 });
afterAll(async () => {
  await town?.close();
  await rm(dir, { recursive: true, force: true });
});

test('three classes are trained, judged, approved, deployed, served with their probabilities, and watched', async () => {
  const { store, model } = town;
  const run = (await town.trigger({})).run as string;
  await town.runUntil(run, 'a packet waits', (status) => status.packet !== null);
  const packet = (await packetOfRun(store, model, run)) ?? expect.fail();
  expect(packet.evaluation).toMatchObject({ task: 'multiclass', label_mean: null });
  expect(packet.evaluation.classes?.map((one) => one.class)).toEqual([0, 1, 2]);
  expect(packetMarkdown(packet)).toMatch(/Share of the labels by class: 0: /);

  await town.approve(run);
  expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 2 });
  const served = await readVersion(store, model, 2);
  expect(served.signature).toMatchObject({ task: 'multiclass', classes: [0, 1, 2] });

  const asked = await flights(600);
  const response = await fetch(`${town.serving?.url}/v1/models/${model}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ rows: asked.map(({ delay_class: _, ...row }) => row) }),
  });
  const answer = (await response.json()) as { predictions: { prediction: number[]; decision: number; arm: string }[] };
  expect(answer.predictions).toHaveLength(600);
  for (const { prediction, decision, arm } of answer.predictions) {
    expect(prediction).toHaveLength(3);
    expect(prediction.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    expect(decision).toBe(prediction.indexOf(Math.max(...prediction)));
    expect(arm).toBe('champion');
  }

  await logged(town);
  const labels = asked.map((row) => ({
    inference_id: String(row['flight_id']),
    label: Number(row['delay_class']), // its position among the classes 0, 1, 2
    observed_at: '2013-01-31T12:00:00Z',
  }));
  await recordLabels(store, model, labels, { recordedAt: '2013-01-31T12:00:00Z' });
  await town.setTime('2013-02-02T00:00:00Z');
  const report = await look(town);
  const skill = report.findings.find(({ kind }) => kind === 'performance') ?? expect.fail();
  const calibration = report.findings.find(({ kind }) => kind === 'calibration') ?? expect.fail();
  const rates = [0, 1, 2].map((value) => served.metrics[`train_class_rate_${value}`] ?? 0);
  const classes = asked.map((row) => Number(row['delay_class']));
  const sum = (value: (row: number, label: number) => number) =>
    classes.reduce((total, label, row) => total + value(row, label), 0);
  const told = (row: number) => answer.predictions[row]?.prediction ?? [];
  const loss = sum((row, label) => -Math.log(told(row)[label] ?? 0));
  const constant = sum((_, label) => -Math.log(rates[label] ?? 0));
  expect(skill.value).toBeCloseTo(1 - loss / constant, 6);
  const right = sum((row, label) => (answer.predictions[row]?.decision === label ? 1 : 0));
  const sure = sum((row) => Math.max(...told(row)));
  expect(calibration.value).toBeCloseTo((sure - right) / asked.length, 6);
  expect(skill.sentence).toMatch(/600 labelled predictions, 25 to 31 January 2013 .the class told was right in 0\./);
  expect(calibration.sentence).toMatch(/mean probability of the class told 0\.\d+, right in 0\.\d+/);
  expect(report.findings.find(({ kind }) => kind === 'prediction')?.state).not.toBe('broken');
});

async function logged({ store, model }: Town): Promise<void> {
  for (
    const deadline = Date.now() + 30_000;
    Date.now() < deadline;
    await new Promise((done) => setTimeout(done, 100))
  ) {
    for await (const _ of store.list(`models/${model}/log/`)) return;
  }
  throw new Error('nothing was logged');
}

async function look({ client, model, store }: Town) {
  const temporal = await client.temporal();
  const end = await temporal.workflow.execute('monitoring', {
    workflowId: `monitoring/${model}/by-hand`,
    taskQueue: client.taskQueue,
    args: [{ model }],
  });
  return await getDocument(store, (end as { report: string }).report, tickReport);
}

/** Of the days after the rows that it was fitted on, as the prediction server takes them, with their class. */
async function flights(most: number): Promise<Record<string, unknown>[]> {
  const columns = Object.keys(exampleRow).filter((name) => name !== 'event_ts');
  return await withDuckDb({ tempDir: dir }, async (db) => {
    const found = await db.runAndReadAll(`SELECT flight_id::INT AS flight_id, tail_number, delay_class,
        strftime(event_ts AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS event_ts, ${columns.join(', ')}
      FROM '${join(dir, 'flights.parquet')}' WHERE event_ts >= '2013-01-25' AND event_ts < '2013-01-31'
      ORDER BY hash(flight_id) LIMIT ${most}`);
    return found.getRowObjectsJson() as Record<string, unknown>[];
  });
}
