/** 200 models in a folder: every page under 300 ms and 200 kB, without asking Temporal a model at a time. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as changes from '../../src/registry/changes.ts';
import { openLedger } from '../../src/registry/ledger.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openSite, putTick, type Site } from './site.ts';
import { lookOf } from './told.ts';

const MODELS = 200;
const BYTES = 200_000;
/** On a quiet machine; CPU time is what is measured, because others share this one. */
const CPU_MS = 300;

let site: Site;
let asked = 0;
beforeAll(async () => {
  site = await openSite({
    fill,
    client: countingClient(),
    models: Array.from({ length: MODELS }, (_, i) => nameOf(i)),
  });
}, 120_000);
afterAll(() => site.close());

const nameOf = (i: number) => `model-${String(i).padStart(3, '0')}`;

async function fill(store: ObjectStore): Promise<void> {
  const as_of = '2013-04-01T00:00:00.000Z';
  const one = async (i: number) => {
    const model = nameOf(i);
    const ledger = openLedger(store, model);
    const write = (effectId: string, step: Parameters<typeof ledger.append>[0]['step']) =>
      ledger.append({ effectId, as_of, actor: 'dana', trust: 'asserted', why: `change of ${model}`, step });
    await write('freeze', changes.freeze({ by: 'dana', reason: 'a test', until: null }));
    if (i % 4 === 0) await putTick(store, lookOf(model, as_of, { column: `column_${i}` }));
  };
  await Promise.all(Array.from({ length: MODELS }, (_, i) => one(i)));
}

/** A Temporal that holds no run and counts how often it is asked. */
function countingClient() {
  const list = () => {
    asked += 1;
    return (async function* () {})();
  };
  const nothing = async function* () {};
  const workflowService = { describeTaskQueue: async () => ({ pollers: [{}] }) };
  const temporal = { options: {}, workflow: { list }, schedule: { list: nothing }, workflowService } as never;
  return {
    temporal: async () => temporal,
    describeRun: async () => 'missing' as const,
    address: 'nowhere',
    taskQueue: 'none',
    uiUrl: () => null,
    close: async () => {},
  };
}

test.each([
  '/',
  '/?show=at+risk',
  '/incidents',
  '/installation',
  `/models/${nameOf(8)}`,
  `/models/${nameOf(8)}/drift`,
  `/models/${nameOf(8)}/incidents`,
  `/models/${nameOf(8)}/ledger`,
  `/models/${nameOf(8)}/rollout`,
  `/models/${nameOf(8)}/settings`,
  `/models/${nameOf(8)}/compare`,
  `/models/${nameOf(8)}/backtest`,
  `/models/${nameOf(8)}/why`,
])('%s stays small and quick among 200 models', async (url) => {
  const browser = site.browser();
  await browser.get('/'); // the first look reads every ledger once
  const [calls, cpu] = [asked, process.cpuUsage()];
  const { statusCode, body } = await browser.get(url);
  const { user, system } = process.cpuUsage(cpu);
  expect(statusCode).toBe(200);
  expect(Buffer.byteLength(body)).toBeLessThan(BYTES);
  expect((user + system) / 1000).toBeLessThan(CPU_MS);
  expect(asked - calls).toBeLessThanOrEqual(1);
});

test('home shows all of them, those that need somebody first', async () => {
  const { body } = await site.browser().get('/');
  expect(body).toContain(`of ${MODELS + 2} models`);
  expect(body.match(/<tr role="row"><th scope="row"/g)).toHaveLength(MODELS + 2);
  expect(body).toContain(`And ${MODELS / 4 - 30} more below.`);
});
