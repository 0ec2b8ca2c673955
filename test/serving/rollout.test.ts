import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withDuckDb } from '../../src/data/engine.ts';
import { parquetOf } from '../../src/data/sql-text.ts';
import { readLog } from '../../src/monitoring/log/prediction-log.ts';
import * as changes from '../../src/registry/changes.ts';
import type { Prediction } from '../../src/serving/contract.ts';
import { endLease, renewLease } from '../../src/serving/lease.ts';
import { readNodes } from '../../src/serving/nodes.ts';
import { blobKey } from '../../src/store/content.ts';
import { following, model, type Node, openServed, row, type Served, scoreOf, tiny } from './served.ts';
import { tinyOnnx } from './tiny-model.ts';

describe('a promotion', () => {
  let served: Served;
  beforeAll(async () => {
    served = await openServed();
    await served.promote(1);
  });
  afterAll(() => served.close());

  test('drops no request: each is answered by one of the two versions, and a rollback is followed as fast', async () => {
    const node = await served.start();
    await node.until('version 1 answers', following(1));
    const traffic = continuous(node);
    await served.promote(2);
    await node.until('version 2 answers', following(2));
    const at = performance.now();
    const back = {
      to: 1,
      reason: 'a drill',
      automatic: false,
      effectId: 'test/back',
      as_of: '2013-04-02T00:00:00.000Z',
    };
    await served.change('roll back', changes.rollBack(back));
    await node.until('version 1 answers again', following(1));
    expect(performance.now() - at, 'version 1 was kept loaded').toBeLessThan(2000);
    const [last] = await node.predict(row(1_000_000));
    const { answers, refused, byCaller } = await traffic.stop();
    answers.push(last!);

    expect(refused).toEqual([]);
    expect(answers.length).toBeGreaterThan(50);
    for (const { version, prediction } of answers) expect(prediction).toBeCloseTo(scoreOf(version), 6);
    // Of two callers at once either may hear first; each by itself sees one change after the other.
    for (const own of byCaller) {
      const seen = own.map(({ version }) => version).filter((version, i, all) => version !== all[i - 1]);
      expect([[1], [1, 2], [1, 2, 1]]).toContainEqual(seen);
    }
    expect(new Set(answers.map(({ version }) => version))).toEqual(new Set([1, 2]));
    expect(last?.version).toBe(1);
  });

  test('a version that cannot be loaded is reported, and the champion goes on', async () => {
    const node = await served.start();
    await node.until('version 1 answers', following(1));
    await served.register(3, (manifest) => ({
      ...manifest,
      golden: [{ ...manifest.golden[0]!, prediction: [0.123] }],
    }));
    await served.change(
      'promote',
      changes.promote({
        version: 3,
        effectId: 'test/3',
        as: 'better',
        as_of: '2013-04-02T00:00:00.000Z',
        labels: null,
      }),
    );
    const failed = await node.until('version 3 fails', ({ models }) => models[model]!.failed[0]);
    expect(failed).toMatchObject({ version: 3, reason: expect.stringMatching(/golden rows/) });
    expect((await node.predict(row(1)))[0]).toMatchObject({ version: 1 });
    expect((await node.record()).models[model]).toMatchObject({ champion: 1, ready: false });

    await served.promote(4);
    await node.until('version 4 answers', following(4));
  });

  test('a model file with one changed byte is never served', async () => {
    await served.register(5);
    const manifest = tinyOnnx(tiny(5));
    const { sha256Of } = await import('../../src/store/content.ts');
    const path = join(served.dir, 'store', blobKey(sha256Of(manifest)));
    const bytes = await readFile(path);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(path, bytes);
    const node = await served.start();
    await served.canary(5, 50);
    const failed = await node.until('version 5 fails', ({ models }) =>
      models[model]!.failed.find(({ version }) => version === 5),
    );
    expect(failed).toMatchObject({ version: 5, reason: expect.stringMatching(/sha256/) });
    const answers = await node.predict(...Array.from({ length: 50 }, (_, i) => row(i)));
    expect(new Set(answers.map(({ version }) => version))).toEqual(new Set([4]));
  });
});

describe('a canary', () => {
  let served: Served;
  let node: Node;
  const rows = Array.from({ length: 400 }, (_, i) => row(i));
  const fresh = (label: string) => rows.map((each) => ({ ...each, inference_id: `${label}-${each.flight_id}` }));

  beforeAll(async () => {
    served = await openServed();
    await served.promote(1);
    node = await served.start({ stagedFaults: true });
    await node.until('version 1 answers', following(1));
    await served.canary(2, 0);
    await node.until('version 2 is loaded', ({ models }) => models[model]!.loaded.includes(2));
  });
  afterAll(() => served.close());

  test('takes its share of the entities, keeps them as the share grows, and its scores are recomputed', async () => {
    await served.canary(2, 10);
    await node.until('share 10', ({ models }) => models[model]!.generation === 3);
    const small = await node.predict(...fresh('a'));
    await served.canary(2, 40);
    await node.until('share 40', ({ models }) => models[model]!.generation === 4);
    const large = await node.predict(...fresh('b'));

    const share = (answers: Prediction[]) => answers.filter(({ arm }) => arm === 'canary').length / answers.length;
    expect(share(small)).toBeGreaterThan(0.05);
    expect(share(small)).toBeLessThan(0.16);
    expect(share(large)).toBeGreaterThan(0.32);
    expect(share(large)).toBeLessThan(0.48);
    for (const [i, { arm }] of small.entries()) if (arm === 'canary') expect(large[i]!.arm).toBe('canary');
    for (const { version, prediction } of large) expect(prediction).toBeCloseTo(scoreOf(version), 6);

    const evidence = await node.until('the check', ({ models }) =>
      models[model]!.arms['2']!.rows_checked > 0 ? models[model]!.arms['2'] : false,
    );
    expect(evidence.max_disagreement).toBeLessThanOrEqual(1e-6);
    expect(evidence.requests).toBe(small.concat(large).filter(({ arm }) => arm === 'canary').length);
    expect(evidence).toMatchObject({ errors: 0, nan: 0, fallbacks: 0 });
  });

  test.each([
    ['nan', 'nan'],
    ['error', 'errors'],
    ['crash', 'crashes'],
  ] as const)(
    'that answers with %s falls back to the champion, is counted, and is marked as staged',
    async (fault, counter) => {
      const before = (await node.record()).models[model]!.arms['2']!;
      await node.post('/v1/staged-faults', { model, version: 2, fault, share: 1 });
      const answers = await node.predict(...fresh(fault));
      await node.post('/v1/staged-faults', { model, version: 2, fault, share: 0 });

      const touched = answers.filter(({ staged }) => staged);
      expect(touched.length).toBeGreaterThan(100);
      expect(new Set(touched.map(({ arm, version }) => `${arm} ${version}`))).toEqual(new Set(['fallback 1']));
      for (const { prediction } of answers) expect(prediction).toBeCloseTo(scoreOf(1), 6);
      const after = (await node.record()).models[model]!.arms['2']!;
      expect(after[counter]).toBeGreaterThan(before[counter]);
      expect(after.fallbacks - before.fallbacks).toBe(touched.length);
      await node.post('/v1/flush', {});
      expect(await count(`arm = 'fallback' AND staged AND inference_id LIKE '${fault}-%'`)).toBe(touched.length);
    },
  );

  test('whose process was killed comes back by itself', async () => {
    await expect
      .poll(async () => new Set((await node.predict(...fresh(`back-${performance.now()}`))).map(({ arm }) => arm)), {
        timeout: 15_000,
        interval: 200,
      })
      .toEqual(new Set(['champion', 'canary']));
  });

  test('that hangs is killed at its time limit, while the champion answers', async () => {
    const impatient = await served.start({ stagedFaults: true, armTimeoutMs: 100, node: 'impatient' });
    await impatient.until('both are loaded', ({ models }) => models[model]!.loaded.length === 2);
    await impatient.post('/v1/staged-faults', { model, version: 2, fault: 'slow', share: 1 });
    const at = performance.now();
    const answers = await impatient.predict(...rows.slice(0, 20));
    expect(performance.now() - at).toBeLessThan(1500);
    expect(answers.every(({ version }) => version === 1)).toBe(true);
    expect((await impatient.record()).models[model]!.arms['2']!.timeouts).toBeGreaterThan(0);
    await impatient.close();
  });

  test('loses its traffic when its lease is no longer renewed, and gets it back with the lease', async () => {
    const lease = `models/${model}/leases/v2.json`;
    await renewLease(served.store, lease, 300);
    await node.until('the lease lapses', ({ models }) => models[model]!.lapsed.includes(2));
    expect(new Set((await node.predict(...fresh('lapsed'))).map(({ version }) => version))).toEqual(new Set([1]));
    await renewLease(served.store, lease, 60_000);
    await node.until('the lease holds', ({ models }) => !models[model]!.lapsed.includes(2));
    expect((await node.predict(...fresh('held'))).some(({ arm }) => arm === 'canary')).toBe(true);
    await endLease(served.store, lease);
    await node.until('the lease is given up', ({ models }) => models[model]!.lapsed.includes(2));
  });

  test('that was promoted and then answers with NaN gives 503, never a NaN, and counts as evidence', async () => {
    await served.promote(2);
    await node.until('version 2 answers', following(2));
    expect((await node.predict(row(5000)))[0]).toMatchObject({ version: 2, arm: 'champion' });
    await node.post('/v1/staged-faults', { model, version: 2, fault: 'nan', share: 1 });
    const answer = await node.post(`/v1/models/${model}/predict`, { rows: [row(5001)] });
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'HONE_PREDICTION_FAILED' } } });
    expect(answer.headers.get('retry-after')).toBe('1');
    await node.post('/v1/staged-faults', { model, version: 2, fault: 'nan', share: 0 });
    expect((await node.predict(row(5001)))[0], 'a failed id may be asked again').toMatchObject({ version: 2 });
  });

  async function count(where: string): Promise<number> {
    const files = await readLog(served.store, model, { cacheDir: join(served.dir, 'cache') });
    return withDuckDb({ tempDir: served.dir }, async (db) => {
      const [found] = (
        await db.runAndReadAll(`SELECT count(*)::INT AS n FROM ${parquetOf(files)} WHERE ${where}`)
      ).getRowObjectsJS();
      return Number(found!['n']);
    });
  }
});

describe('a shadow', () => {
  test('scores what the champion answered, never answers, and its evidence says how far apart they are', async () => {
    const served = await openServed();
    await served.promote(1);
    await served.register(2);
    const node = await served.start({ stagedFaults: true });
    await node.until('version 1 answers', following(1));
    const lease = `models/${model}/leases/v2.json`;
    await renewLease(served.store, lease, 60_000);
    const candidate = { version: 2, effectId: 'test/c2', lease };
    await served.change('prepare', changes.prepareRollout({ ...candidate, shadow: true }));
    await node.until('version 2 is loaded', ({ models }) => models[model]!.loaded.includes(2) && models[model]!.ready);
    const ask = async (from: number) => {
      const answers = await node.predict(...Array.from({ length: 30 }, (_, i) => row(from + i)));
      expect(new Set(answers.map(({ version, arm }) => `${arm} ${version}`))).toEqual(new Set(['champion 1']));
    };
    await ask(0);
    const seen = await node.until('it scored them, and was checked', ({ models }) => {
      const found = models[model]!.arms['2']!;
      return found.shadow?.compared === 30 && found.rows_checked > 0 && found;
    });
    const apart = scoreOf(2) - scoreOf(1);
    expect(seen).toMatchObject({ requests: 30, errors: 0, nan: 0, fallbacks: 0 });
    expect(seen.max_disagreement).toBeLessThanOrEqual(1e-6);
    expect(seen.shadow?.difference).toBeCloseTo(30 * apart, 4);
    expect(seen.shadow?.absolute).toBeCloseTo(30 * Math.abs(apart), 4);
    expect(seen.shadow?.champion_tenths[Math.floor(scoreOf(1) * 10)]).toBe(30);
    expect(seen.shadow?.tenths[Math.floor(scoreOf(2) * 10)]).toBe(30);

    await node.post('/v1/staged-faults', { model, version: 2, fault: 'nan', share: 1 });
    await ask(100);
    await node.until('its NaN were counted', ({ models }) => models[model]!.arms['2']!.nan === 30);
    await node.post('/v1/staged-faults', { model, version: 2, fault: 'nan', share: 0 });

    await served.change('step', changes.stepRollout({ ...candidate, share: 50 }));
    await node.until('it is a canary', ({ models }) => models[model]!.generation === 3);
    const answers = await node.predict(...Array.from({ length: 60 }, (_, i) => row(200 + i)));
    const taken = answers.filter(({ version }) => version === 2).length;
    const { requests, shadow } = (await node.record()).models[model]!.arms['2']!;
    expect([requests - shadow!.requests, shadow!.requests], 'a canary scores nothing beside the champion').toEqual([
      taken,
      60,
    ]);
    await node.close();
    const files = await readLog(served.store, model, { cacheDir: join(served.dir, 'cache') });
    const logged = await withDuckDb({ tempDir: served.dir }, async (db) =>
      (
        await db.runAndReadAll(
          `SELECT arm, version, count(*)::INT, avg(prediction) FROM ${parquetOf(files)} WHERE NOT coalesce(staged, false) GROUP BY ALL ORDER BY ALL`,
        )
      ).getRowsJS(),
    );
    expect(logged).toEqual([
      ['canary', 2, taken, expect.closeTo(scoreOf(2), 6)],
      ['champion', 1, 120 - taken, expect.closeTo(scoreOf(1), 6)],
      ['shadow', 2, 30, expect.closeTo(scoreOf(2), 6)],
    ]);
    await served.close();
  });
});

describe('a node', () => {
  test('without a champion answers 503 with Retry-After, and serves as soon as there is one', async () => {
    const served = await openServed();
    const node = await served.start();
    const answer = await node.post(`/v1/models/${model}/predict`, { rows: [row(1)] });
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'HONE_NO_CHAMPION' } } });
    expect(answer.headers.get('retry-after')).toBe('5');
    await served.canary(1, 0);
    await node.until(
      'version 1 is loaded',
      ({ models }) => models[model]!.loaded.includes(1) && models[model]!.generation === 1,
    );
    await served.promote(1);
    await node.until('version 1 answers', following(1));
    expect((await node.predict(row(1)))[0]).toMatchObject({ version: 1 });
    // Refused before there was anything to deploy: held against no later rollout.
    const reading = async () => (await readNodes(served.store))[0]?.service;
    await expect.poll(reading).toMatchObject({ requests: 2, refused: 1, errors: 0 });
    await served.close();
  });

  test('says that it lives, and at its end has written its log and taken its record away', async () => {
    const served = await openServed();
    await served.promote(1);
    const node = await served.start();
    await node.until('version 1 answers', following(1));
    const [first] = await readNodes(served.store);
    await expect.poll(async () => (await readNodes(served.store))[0]!.beat).toBeGreaterThan(first!.beat);
    expect(first).toMatchObject({ node: 'n1', url: node.url, poll_ms: 50 });

    const traffic = continuous(node);
    await node.until('some were answered', ({ models }) => models[model]!.arms['1']!.requests > 20);
    await node.close();
    const { answers } = await traffic.stop();
    const files = await readLog(served.store, model, { cacheDir: join(served.dir, 'cache') });
    const logged = await withDuckDb({ tempDir: served.dir }, async (db) =>
      (await db.runAndReadAll(`SELECT DISTINCT inference_id FROM ${parquetOf(files)}`)).getColumnsJS(),
    );
    expect(new Set(logged[0])).toEqual(new Set(answers.map(({ inference_id }) => inference_id)));
    expect(await readNodes(served.store)).toEqual([]);
    await served.close();
  });

  test('that is started again while the store is away serves what it served before', async () => {
    const served = await openServed();
    await served.promote(1);
    const first = await served.start();
    await first.until('version 1 answers', following(1));
    await first.close();
    const away = Object.assign(Object.create(served.store) as typeof served.store, {
      get: () => Promise.reject(new Error('away')),
      find: () => Promise.reject(new Error('away')),
      put: () => Promise.reject(new Error('away')),
      create: () => Promise.reject(new Error('away')),
      download: () => Promise.reject(new Error('away')),
    });
    const second = await served.start({ store: away });
    await second.until('version 1 answers', ({ models }) => models[model]!.champion === 1);
    expect((await second.predict(row(1)))[0]).toMatchObject({ version: 1 });
    await second.close().catch(() => {});
    await served.close();
  });
});

/** Four callers that never stop asking, each entity once. */
function continuous(node: Node): {
  stop(): Promise<{ answers: Prediction[]; refused: string[]; byCaller: Prediction[][] }>;
} {
  let going = true;
  let id = 0;
  const answers: Prediction[] = [];
  const refused: string[] = [];
  const byCaller: Prediction[][] = Array.from({ length: 4 }, () => []);
  const caller = async (own: Prediction[]) => {
    while (going) {
      id += 1;
      try {
        const got = await node.predict(row(id, { inference_id: `c${id}` }));
        answers.push(...got);
        own.push(...got);
      } catch (error) {
        refused.push(String(error));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  };
  const callers = Promise.all(byCaller.map(caller));
  return {
    async stop() {
      going = false;
      await callers;
      return { answers, refused, byCaller };
    },
  };
}
