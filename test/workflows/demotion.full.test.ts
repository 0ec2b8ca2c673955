/** Probation that demotes by itself: the predecessor scored live requests as a shadow, and their labels speak for it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { applyWorkspace } from '../../src/client/apply.ts';
import { loadWorkspace } from '../../src/config/load.ts';
import type { Prediction } from '../../src/serving/contract.ts';
import { readNodes } from '../../src/serving/nodes.ts';
import { eventually } from '../faults/eventually.ts';
import { exampleRow, smallTown, type Town } from '../town.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

const DAYS = 8;
const A_DAY = 120;
const marginOf = (roc_auc: number) => ({ promote_when: 'non_inferior', margin: { roc_auc, log_loss: 0.4 } });

let town: Town;
beforeAll(async () => {
  town = await smallTown({
    edit: ({ training, gate, deploy }) => {
      Object.assign(training as object, { refit: 'none' });
      const rules = gate as { uncertainty: object };
      Object.assign(rules.uncertainty, { min_rows: 500, min_rarer_class: 50 });
      Object.assign(rules, { champion: marginOf(0.4), slices: { columns: [] } });
      const probation = { until_labels_mature_for: 'P7D', on_worse: 'roll_back', shadow: true };
      Object.assign(deploy as object, { probation });
    },
  });
});
afterAll(() => town?.close());

test('a champion that the labels of its own requests find worse than its shadow is demoted, once', async () => {
  await promoteAt('2013-01-25T00:00:00Z');
  const first = await ask('before');
  const traffic = town.traffic();
  await promoteAt('2013-02-12T00:00:00Z');
  await traffic.stop();
  expect((await town.ledger.state()).aliases).toMatchObject({ champion: { version: 2 }, shadow: { version: 1 } });
  await eventually(async () => {
    const at = (await readNodes(town.store))[0]?.models[town.model];
    expect(at).toMatchObject({ champion: 2, ready: true, loaded: [1, 2] });
  }, 60_000);
  const shadowed = await asShadow();
  const second = await ask('after');
  expect(new Set(second.map(({ version }) => version))).toEqual(new Set([2]));
  // Records lag: the last of the traffic may be told only now.
  await eventually(async () => expect((await asShadow()) - shadowed).toBeGreaterThanOrEqual(DAYS * A_DAY), 60_000);

  // The labels of a world in which the predecessor was right wherever the two differ.
  const gaps = second.map(({ prediction }, i) => Number(first[i]?.prediction) - Number(prediction));
  const middle = [...gaps].sort((a, b) => a - b)[gaps.length / 2] ?? 0;
  const labels = gaps.map((gap, i) => {
    return { inference_id: `after-${i}`, label: gap > middle ? 1 : 0, observed_at: timeOf(i).replace('T06', 'T12') };
  });
  await post(`/v1/models/${town.model}/labels`, { labels });
  await post('/v1/flush', {});

  await judgeBy(0.01);
  await town.setTime('2013-02-22T00:00:00Z');
  await eventually(async () => {
    expect((await town.ledger.head())?.change).toMatchObject({ kind: 'rolled_back', from: 2, to: 1, automatic: true });
  }, 120_000);
  expect((await town.ledger.state()).aliases).toMatchObject({
    ...{ champion: { version: 1 }, shadow: null, previous_champion: null },
  });
});

async function promoteAt(asOf: string): Promise<void> {
  await town.setTime(asOf);
  const { run } = await town.trigger({ reason: asOf });
  await town.approve(run ?? '');
  expect(await town.end(run ?? '')).toMatchObject({ outcome: 'promoted' });
}

const timeOf = (i: number) => `2013-02-${12 + Math.floor(i / A_DAY)}T06:00:00Z`;

/** The same flights each time, in the same order, a day's at once. */
async function ask(name: string): Promise<Prediction[]> {
  const answers: Prediction[] = [];
  for (let day = 0; day < DAYS; day++) {
    const rows = Array.from({ length: A_DAY }, (_, n) => {
      const i = day * A_DAY + n;
      const own = { flight_id: 1_000_000 + i, tail_number: `N${i}`, event_ts: timeOf(i), inference_id: `${name}-${i}` };
      const vary = {
        sched_dep_minute: (i * 37) % 1440,
        distance_miles: 200 + ((i * 131) % 2400),
        temp_f: 20 + (i % 50),
      };
      return { ...exampleRow, ...own, ...vary, humidity_pct: 30 + ((i * 7) % 70), wind_speed_mph: (i * 3) % 30 };
    });
    const { predictions } = (await post(`/v1/models/${town.model}/predict`, { rows })) as { predictions: Prediction[] };
    answers.push(...predictions);
  }
  return answers;
}

async function asShadow(): Promise<number> {
  return (await readNodes(town.store))[0]?.models[town.model]?.arms['1']?.shadow?.requests ?? 0;
}

async function post(path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${town.serving?.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const said = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(said));
  return said;
}

/** The gate let the second version through with a wide margin; probation judges by what is in force now. */
async function judgeBy(margin: number): Promise<void> {
  const path = join(town.dir, 'config', 'models', `${town.model}.yaml`);
  const file = parse(await readFile(path, 'utf8'));
  file.gate.champion = marginOf(margin);
  await writeFile(path, stringify(file));
  await applyWorkspace({ workspace: await loadWorkspace(town.dir), store: town.store, client: town.client, by: 'kim' });
}
