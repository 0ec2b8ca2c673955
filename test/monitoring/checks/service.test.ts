/** The prediction server's own health: measured by the server, held against limits, told apart from the model's. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { serviceText } from '../../../src/cli/monitor-text.ts';
import { checkService } from '../../../src/monitoring/checks/service-check.ts';
import { tick } from '../../../src/monitoring/tick.ts';
import type { NodeRecord, ServiceReading } from '../../../src/serving/contract.ts';
import { readNodes } from '../../../src/serving/nodes.ts';
import { startServingNode } from '../../../src/serving/server.ts';
import { ServiceHealth } from '../../../src/serving/service-health.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { championState, model, openTown, type Town } from '../flights-log.ts';

const limits = { cpu_share: 0.9, memory_mb: 500, p99_ms: 250, error_share: 0.01, min_requests: 100 };
const now = '2013-04-10T06:00:10.000Z';
const well: ServiceReading = {
  ...{ window_s: 300, requests: 4210, errors: 3, refused: 40, p50_ms: 4, p99_ms: 31, cpu_share: 0.2, memory_mb: 210 },
};
const record = (node: string, service: ServiceReading, at = '2013-04-10T06:00:09.000Z'): NodeRecord => ({
  ...{ node, boot: 'b', beat: 1, poll_ms: 1000, url: '', at, draining: false, service, models: {} },
});

test('five minutes are remembered, older ones forgotten; a percentile is right to 5 %, CPU is a share of the machine', () => {
  let [clock, cpu] = [0, 0];
  const health = new ServiceHealth(
    () => clock,
    () => cpu,
  );
  for (let second = 0; second < 300; second++) {
    clock = second * 1000;
    cpu = clock / 2;
    health.request(second % 100 === 0 ? 500 : 200, second < 296 ? 10 : 900);
    health.request(422, 10);
  }
  const first = health.reading();
  expect(first).toMatchObject({ requests: 600, errors: 3, refused: 300 });
  expect(first.p50_ms).toBeGreaterThan(9.5);
  expect(first.p50_ms).toBeLessThan(10.5);
  expect(first.p99_ms).toBeLessThan(10.5); // 4 of 600 were slow
  expect(first.cpu_share).toBeCloseTo(0.5 / availableParallelism(), 3);
  clock += 290_000;
  expect(health.reading()).toMatchObject({ requests: 20, p99_ms: expect.closeTo(900, -2) });
  clock += 60_000;
  expect(health.reading()).toMatchObject({ requests: 0, p50_ms: null, p99_ms: null });
});

test('each limit has a finding of its own, with number, limit, requests and what to do; few requests judge nothing', () => {
  const bad = { ...well, errors: 120, p99_ms: 812, cpu_share: 0.97, memory_mb: 900 };
  const { findings, nodes } = checkService([record('n1', well), record('n2', bad)], limits, now);
  expect(findings.map(({ subject, state }) => `${subject} ${state}`)).toEqual([
    ...['n1 cpu stable', 'n1 memory stable', 'n1 latency stable', 'n1 errors stable'],
    ...['n2 cpu broken', 'n2 memory broken', 'n2 latency broken', 'n2 errors broken'],
  ]);
  expect(findings.at(-1)?.sentence).toBe(
    'Prediction server n2: 2.9 % of answers are errors (limit 1.0 %), 4,210 requests in 300 s before 06:00 UTC. ' +
      'This is the server, not the model: look at its load and at .hone/logs/serving.log.',
  );
  const text = serviceText({ findings, nodes });
  expect(text).toMatch(/^n1 +20 % +210 MB +31 +0\.1 % +4210 +ok$/m);
  expect(text).toMatch(/^n2 +97 % .* beyond a limit$/m);
  const few = checkService([record('n1', { ...well, requests: 40, errors: 40, p99_ms: 5000 })], limits, now);
  expect(few.findings.map(({ state }) => state)).toEqual(['stable', 'stable', 'not_judged', 'not_judged']);
});

test('a server that fell silent says nothing about now, one that is long gone is no server', () => {
  const silent = record('n1', { ...well, p99_ms: 9000 }, '2013-04-10T05:00:00.000Z');
  const gone = record('n0', well, '2013-04-01T05:00:00.000Z');
  const { findings, nodes } = checkService([silent, gone], limits, now);
  expect(nodes).toEqual([{ node: 'n1', at: '2013-04-10T05:00:00.000Z', silent: true, reading: null }]);
  expect(findings.every(({ state }) => state === 'not_judged')).toBe(true);
  expect(serviceText({ findings, nodes })).toContain('silent since 05:00 UTC');
});

let town: Town | undefined;
afterAll(() => town?.close());

test('a real server reports itself, a look pages when it is beyond its limits, and says when that is over', async () => {
  town = await openTown(['01']);
  const place = { store: town.store, cacheDir: join(town.dir, 'serving'), logger: createLogger('test', 'silent') };
  const node = await startServingNode({
    ...place,
    models: [model],
    host: '127.0.0.1',
    port: 0,
    node: 'n1',
    pollMs: 30,
    limits: { [model]: { ...limits, memory_mb: 1 } },
  });
  try {
    for (let i = 0; i < 5; i++) await fetch(`${node.url}/v1/models/${model}/predict`, { method: 'POST', body: '{}' });
    const seen = async () => (await readNodes(place.store))[0];
    await expect.poll(async () => (await seen())?.service?.requests, { timeout: 10_000 }).toBe(5);
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    expect(metrics).toContain('process_resident_memory_bytes');
    expect(metrics).toContain('hone_service_beyond_limit{measure="memory"} 1');
    expect(metrics).toContain('hone_service_beyond_limit{measure="errors"} 0');
    const told = (await (await fetch(`${node.url}/v1/node`)).json()) as NodeRecord;
    expect(told.beyond_limits).toEqual([
      expect.stringMatching(
        /^Prediction server n1: memory [\d,]+ MB \(limit 1 MB\), 5 requests in .* look at its load/,
      ),
    ]);
    const own = await seen();
    expect(own?.service?.memory_mb).toBeGreaterThan(20);
    expect(own?.service?.cpu_share).toBeGreaterThan(0);

    const strict = { ...limits, memory_mb: 1 };
    const look = (asOf: string, service: typeof limits) => {
      const { config } = town as Town;
      return tick({
        ...(town as Town),
        config: { ...config, monitoring: { ...config.monitoring, kpis: [], service } },
        state: championState('2013-02-01T00:00:00.000Z'),
        servers: { records: own === undefined ? [] : [own], now: own?.at ?? '' },
        ...{ asOf, cacheDir: `${town?.dir}/cache`, workDir: town?.dir ?? '' },
      });
    };
    const paged = await look('2013-03-01T00:00:00.000Z', strict);
    expect(paged.actions).toMatchObject([{ incident: 'service-n1-memory', severity: 'page', status: 'opened' }]);
    expect(paged.sentence).toMatch(/^Prediction server n1: memory \d+ MB \(limit 1 MB\)/);
    expect(paged.service).toMatchObject([{ node: 'n1', silent: false }]);
    const over = await look('2013-03-02T00:00:00.000Z', { ...limits, memory_mb: 100_000 });
    expect(over.actions).toMatchObject([{ incident: 'service-n1-memory', status: 'resolved' }]);
  } finally {
    await node.close();
  }
});
