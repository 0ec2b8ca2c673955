/** KPIs and proxies from the door at which they are reported to the alert that their owner reads. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tickText } from '../../../src/cli/monitor-text.ts';
import type { ModelConfig } from '../../../src/config/model.ts';
import type { TickReport } from '../../../src/monitoring/contract.ts';
import { tick } from '../../../src/monitoring/tick.ts';
import { type ServingNode, startServingNode } from '../../../src/serving/server.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { championState, logFlights, model, openTown, type Town } from '../flights-log.ts';

/** The page for people, as one line. */
const page = (await readFile(new URL('../../../docs/how-to/act-on-an-alert.md', import.meta.url), 'utf8')).replaceAll(
  /\s+/g,
  ' ',
);
const DAY = 86_400_000;
const end = Date.parse('2013-04-29T00:00:00Z');
let town: Town;
let node: ServingNode;
beforeAll(async () => {
  town = await openTown(['01', '03', '04']);
  await logFlights(town, { from: '2013-03-11', to: '2013-04-29' });
  const logger = createLogger('test', 'silent');
  const place = { store: town.store, cacheDir: join(town.dir, 'serving'), logger };
  node = await startServingNode({ ...place, models: [model], host: '127.0.0.1', port: 0, node: 'n1', pollMs: 50 });
});
afterAll(async () => {
  await node.close();
  await town.close();
});

const iso = (ms: number) => new Date(ms).toISOString();
const post = async (records: unknown[]): Promise<unknown> => {
  const answer = await fetch(`${node.url}/v1/models/${model}/business`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ records }),
  });
  return await answer.json();
};
const configured = (monitoring: Partial<ModelConfig['monitoring']>): ModelConfig => ({
  ...town.config,
  monitoring: { ...town.config.monitoring, kpis: [], ...monitoring },
});
const look = (config: ModelConfig, asOf: number): Promise<TickReport> =>
  tick({
    ...town,
    config,
    state: championState('2013-02-01T00:00:00.000Z'),
    asOf: iso(asOf),
    cacheDir: `${town.dir}/cache`,
    workDir: town.dir,
  });

const alerts = ({ actions }: TickReport) =>
  actions.filter((action) => action.kind === 'alert' && /^(kpi|proxy)-/.test(action.incident));

const kpi = { name: 'rebookings_per_1000', source: 'business', worse: 'higher', alert_at: 0.2 } as const;
const proxy = {
  name: 'manual_reviews',
  source: 'business',
  worse: 'higher',
  alert_at: 0.5,
  per: 'prediction',
} as const;

/** Daily figures of twelve weeks around 11 a day; `last` is added in the newest two weeks. */
const daily = (name: string, last: number) =>
  Array.from({ length: 84 }, (_, i) => {
    const from = end - (84 - i) * DAY;
    const value = 11 + ((i * 7) % 5) / 10 + (i >= 70 ? last : 0);
    return { window: { from: iso(from), to: iso(from + DAY) }, name, value, observed_at: iso(from + DAY) };
  });

test('a KPI that got worse for two weeks pages its owner in one sentence with numbers, and starts no run', async () => {
  expect(await post(daily(kpi.name, 4))).toEqual({ recorded: 84 });
  const report = await look(configured({ kpis: [kpi] }), end);
  const [finding] = report.findings.filter(({ kind }) => kind === 'kpi');
  expect(finding).toMatchObject({ state: 'moved', rows: 7, windows: { beyond: 2, judged: 3, need: 2, of: 3 } });
  expect(finding?.sentence).toMatch(
    /^KPI rebookings_per_1000 rose: 15\.2, 22 to 28 April 2013 \(7 records\), against 11\.2 in the 9 weeks before: \+36 % \(limit 13\.4, noise 0\.\d+\); 2 of the last 3 weeks, 2 needed\. ops-ml is asked to look; no run starts from it\.$/,
  );
  expect(alerts(report)).toMatchObject([
    { kind: 'alert', incident: 'kpi-rebookings_per_1000', severity: 'page', status: 'opened' },
  ]);
  expect(report.sentence).toBe(finding?.sentence);
  expect(page).toContain(finding?.sentence);
  expect(report.actions.filter(({ kind }) => kind === 'trigger')).toEqual([]);

  const shown = tickText(report, null);
  expect(shown).toMatch(/QUALITY AND BUSINESS +FROM +NOW +USUAL +LIMIT +STATE/);
  expect(shown).toMatch(/^skill +labels/m);
  expect(shown).toMatch(/^rebookings_per_1000 +kpi +15\.2 +11\.2 +13\.4 +moved$/m);
});

test('one week is not enough: the figure is seen, the limit named, nobody is paged', async () => {
  const report = await look(configured({ kpis: [kpi] }), end - 7 * DAY);
  const [finding] = report.findings.filter(({ kind }) => kind === 'kpi');
  expect(finding).toMatchObject({ state: 'seen', windows: { beyond: 1 } });
  expect(finding?.sentence).toContain('not yet acting: 1 of the last 3 weeks, 2 needed');
  expect(alerts(report)).toEqual([]);
});

test('manual reviews a prediction double for two weeks: the proxy pages; a correction takes the page away', async () => {
  const reviews = (week: number, count: number, value = 1, observed = end - week * 7 * DAY) =>
    Array.from({ length: count }, (_, i) => ({
      inference_id: `review-${week}-${i}`,
      name: proxy.name,
      value,
      observed_at: iso(observed - DAY),
    }));
  const weeks = Array.from({ length: 12 }, (_, week) => reviews(week, week < 2 ? 260 : 120 + (week % 3) * 5));
  await post(weeks.flat());
  const config = configured({ proxies: [proxy] });
  const report = await look(config, end + 1000);
  const [finding] = report.findings.filter(({ kind }) => kind === 'proxy');
  expect(finding?.sentence).toMatch(
    /^Proxy manual_reviews rose: 0\.04 a prediction, 22 to 28 April 2013 \(260 records\), against 0\.02 in the 4 weeks before: \+1\d\d %/,
  );
  expect(finding).toMatchObject({ state: 'moved', limit: expect.closeTo(0.03, 2) });
  expect(alerts(report)).toMatchObject([{ incident: 'proxy-manual_reviews', severity: 'page', status: 'opened' }]);
  expect(report.business).toMatchObject([{ role: 'proxy', per: 'prediction', past_weeks: 4 }]);
  expect(page).toContain(finding?.sentence);
  const lines = tickText(report, null).split('\n');
  const quality = lines.findIndex((line) => /^skill +labels/.test(line));
  expect(lines[quality + 2]).toMatch(/^manual_reviews +proxy, a prediction +0\.0396 +0\.0189 +0\.0283 +moved$/);

  // Half of the newest reviews were booked by mistake. What was known before stays known as it was.
  await post(reviews(0, 140, 0, end + DAY));
  const corrected = await look(config, end + DAY / 2);
  expect(corrected.findings.find(({ kind }) => kind === 'proxy')).toMatchObject({ state: 'stable', rows: 260 });
  expect(alerts(corrected)).toMatchObject([{ incident: 'proxy-manual_reviews', status: 'resolved' }]);
});

test('a figure that falls, a past of zero, and a past too short are each told as what they are', async () => {
  const lower = { ...kpi, name: 'conversion', worse: 'lower', alert_at: -0.1 } as const;
  await post(daily('conversion', -3));
  await post(daily('complaints', 0).map((one, i) => ({ ...one, value: i >= 70 ? 2 : 0 })));
  await post(daily('churn', 0).slice(-35));
  const kpis = [lower, { ...kpi, name: 'complaints' }, { ...kpi, name: 'churn' }, { ...kpi, name: 'nobody_reports' }];
  const report = await look(configured({ kpis }), end + 2000);
  const sentences = report.findings.filter(({ kind }) => kind === 'kpi').map(({ sentence }) => sentence);
  expect(sentences[0]).toContain('KPI conversion fell: 8.21');
  expect(sentences[1]).toMatch(/^KPI complaints rose: 2\.00, .* against 0\.00 in the 9 weeks before: it was zero/);
  expect(sentences[2]).toBe(
    'KPI churn: not judged (2 weeks of its past are known, 4 needed), 11.2 in 22 to 28 April 2013. Wait.',
  );
  expect(sentences[3]).toContain('not judged (nothing was reported, 22 to 28 April 2013)');
});
