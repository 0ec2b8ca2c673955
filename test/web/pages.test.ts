/** Every page over a small real store: what it says first, what strangers wrote, what is shown when parts are away. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeNode } from '../../src/serving/nodes.ts';
import { StoreUnreachable } from '../../src/store/errors.ts';
import { FilesystemStore } from '../../src/store/filesystem-store.ts';
import { openSite, type Site } from './site.ts';
import { HOSTILE, MODEL, tell } from './told.ts';
import { NODE, putServer } from './trouble.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite({ fill: tell });
});
afterAll(() => site.close());

const PAGES = [
  '/',
  '/?q=delay&show=at+risk',
  '/incidents',
  '/installation',
  `/models/${MODEL}`,
  `/models/${MODEL}/why`,
  `/models/${MODEL}/drift`,
  `/models/${MODEL}/incidents`,
  `/models/${MODEL}/ledger`,
  `/models/${MODEL}/ledger?check=chain`,
  `/models/${MODEL}/compare`,
  `/models/${MODEL}/compare?a=2&b=1`,
  `/models/${MODEL}/rollout`,
  `/models/${MODEL}/backtest`,
  `/models/${MODEL}/settings`,
  `/models/${MODEL}/versions/2`,
  `/runs/${MODEL}-000002`,
  `/runs/${MODEL}-000002/packet`,
  `/models/electricity-price`,
  `/models/electricity-price/drift`,
  `/models/electricity-price/rollout`,
];

test.each(PAGES)('%s says first how things are, and nothing that a stranger wrote becomes markup', async (url) => {
  const { statusCode, body } = await site.browser().get(url);
  expect(statusCode).toBe(200);
  expect(/<p class="sentence[^"]*">(?<said>[\s\S]+?)<\/p>/.exec(body)?.groups?.['said']?.length).toBeGreaterThan(20);
  expect(body).not.toContain('<script>alert');
  expect(body).not.toContain('<img');
  expect(body).not.toContain('\u202e');
  expect(body).not.toMatch(/ (?:on\w+|style)=["']/);
  expect(body.match(/<script/g)?.length ?? 0).toBeLessThanOrEqual(1);
  for (const [, source] of body.matchAll(/<script src="([^"]+)"/g)) expect(source).toMatch(/^\/assets\/live\.js/);
});

test('hostile words of a column, a reason, an actor and a packet are shown as they are', async () => {
  const escaped = '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;';
  for (const url of [
    `/models/${MODEL}`,
    `/models/${MODEL}/drift`,
    `/models/${MODEL}/why`,
    `/models/${MODEL}/ledger`,
    `/runs/${MODEL}-000002/packet`,
    `/runs/${MODEL}-000002`,
  ])
    expect((await site.browser().get(url)).body, url).toContain(escaped);
  const search = await site.browser().get(`/?q=${encodeURIComponent(HOSTILE)}`);
  expect(search.body).toContain(`value="${escaped}`);
});

test('what needs somebody stands first, and a name that is none is answered in words', async () => {
  const { body } = await site.browser().get('/');
  expect(body).toContain('1 model needs you.');
  expect(body.indexOf('Needs you')).toBeLessThan(body.indexOf('All models'));
  for (const url of [
    '/models/nothing',
    '/models/..%2f..%2fetc',
    `/models/${MODEL}/versions/99`,
    `/models/${MODEL}/versions/latest`,
    '/runs/x',
    '/nowhere',
  ]) {
    const answer = await site.browser().get(url);
    expect(answer.statusCode, url).toBe(404);
    expect(answer.body).toContain('class="sentence');
  }
});

test('with Temporal away, a run under way is told from the ledger, and home says what is not known', async () => {
  const home = await site.browser().get('/');
  expect(home.body).toContain('runs under way could not be read');
  const run = await site.browser().get(`/runs/${MODEL}-000003`);
  expect(run.statusCode).toBe(200);
  expect(run.body).toContain('as the ledger has it');
  expect(run.body).toContain('version 3 at 5 %');
});

test('with the store away, the models are shown as they were last read, dated', async () => {
  const store = new AwayStore(site.store.uri.replace('file://', ''));
  const { buildPages } = await import('../../src/web/app.ts');
  const { openPeople } = await import('../../src/web/people.ts');
  const { openSources } = await import('../../src/web/sources.ts');
  const { connectLazily } = await import('../../src/client/connect.ts');
  const { createLogger } = await import('../../src/telemetry/logger.ts');
  const { workspace } = site;
  const client = connectLazily(workspace.hone);
  const sources = openSources({ workspace, store, client, logger: createLogger('test', 'silent') });
  const app = await buildPages(workspace.hone, sources, openPeople(workspace.hone, {}));
  const ask = (url: string) => app.inject({ url, headers: { host: 'localhost:1' } });
  for (const url of ['/', `/models/${MODEL}`]) expect((await ask(url)).body).not.toContain('the store does not answer');
  store.away = true;
  await new Promise((done) => setTimeout(done, 1100)); // a read is shared for a second
  for (const url of ['/', `/models/${MODEL}`]) {
    const { statusCode, body } = await ask(url);
    expect(statusCode).toBe(200);
    expect(body).toMatch(/the store does not answer: .* are shown as of <time datetime="20\d\d-/);
    expect(body).toContain(MODEL);
  }
  await app.close();
  await client.close();
});

/** The real one, until its disk is gone. */
class AwayStore extends FilesystemStore {
  away = false;
  override async find(key: string) {
    if (this.away) throw new StoreUnreachable(this.uri, 'reading', 'the disk is gone');
    return await super.find(key);
  }
}

test('the ledger is exported as it is stored, and as a table that no spreadsheet calculates', async () => {
  const lines = (await site.browser().get(`/models/${MODEL}/ledger.jsonl`)).body.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).seq)).toEqual(lines.map((_, i) => i + 1));
  const csv = await site.browser().get(`/models/${MODEL}/ledger.csv?kind=frozen`);
  expect(csv.headers['content-disposition']).toContain('attachment');
  expect(csv.body.split('\r\n')).toHaveLength(3);
  expect(csv.body).toContain('"""><script>');
});

test('values of a column are drawn against their reference, with the numbers behind', async () => {
  const { body } = await site.browser().get(`/models/${MODEL}/drift`);
  expect(body.match(/<path class="[rc]"/g)).toHaveLength(5); // the reference misses nothing, so it has no bar there
  expect(body).toMatch(/<td[^>]* data-of="Reference">75.0 %<\/td><td[^>]* data-of="Current">15.0 %<\/td>/);
});

test('slices of two versions stand side by side, worst first, and those that are too small say why', async () => {
  const { body } = await site.browser().get(`/models/${MODEL}/compare?a=2&b=1`);
  const section = body.slice(body.indexOf('<h2 id="slices">'), body.indexOf('<h2 id="about">'));
  expect(section).toContain('Version 2 against version 1 in roc_auc, worst first. Both scored the same rows');
  const cells = (title: string) =>
    [...section.matchAll(new RegExp(`data-of="${title}">([^<]+)<`, 'g'))].map(([, text]) => text ?? '');
  const signed = cells('Difference').map((text) => Number(text.split(' by ')[1]) * (text.startsWith('worse') ? -1 : 1));
  expect(signed.length).toBeGreaterThan(2);
  expect(signed).toEqual(signed.toSorted((a, b) => a - b));
  expect(cells('Bounds')[0]).toMatch(/^(worse|better) by 0\.\d{4} to (worse|better) by 0\.\d{4}$/);
  expect(cells('Why')).toEqual(['84 rows, fewer than 500']);
});

test('each guardrail of a rollout stands with its reading, limit, sample, window and verdict', async () => {
  await putServer(site.store);
  const { body } = await site.browser().get(`/models/${MODEL}/rollout`);
  await removeNode(site.store, NODE);
  const section = body.slice(body.indexOf('<h2 id="rails">'), body.indexOf('Counters of 1 server'));
  const rows = section.split('<th scope="row"').slice(1);
  const cells = rows.map((row) => [...row.matchAll(/>([^<>]+)<\/(?:th|td|span)>/g)].map(([, text]) => text));
  expect(cells).toEqual([
    ['Loads', 'no server failed to load it', 'every server loads it', 'now', 'holds'],
    ['NaN or infinite', '0 requests', 'none', '400 requests, since it was loaded', 'holds'],
    [
      'Served against own score',
      'no row checked',
      'at most 0.000001',
      '0 rows, since the servers started',
      'not judged yet',
    ],
    [
      'Errors',
      '40 requests, 10.00 %, the champion 0.00 %',
      expect.stringMatching(/^\d.* %, and twice the champion’s$/),
      '400 requests, since it was loaded',
      'breached',
    ],
    [
      'Entities that met an error',
      '9 of 200 met an error, with the champion 0 of 4,500; judged by the worker',
      'evidence below 100 (α 0.01)',
      '4,700 entities, since it was loaded',
      'not judged yet',
    ],
    ['Servers', expect.any(String), expect.any(String), expect.stringContaining('five minutes'), 'not judged yet'],
    [
      'Mean latency',
      '2.0 ms a call, the champion 2.0 ms',
      expect.stringContaining('times the champion’s'),
      '400 calls, the champion 9,000; each needs 50, since it was loaded',
      'holds',
    ],
  ]);
  expect(section).toContain('these counts are since each server loaded the version');
  expect((await site.browser().get(`/models/${MODEL}/rollout`)).body).toContain('was heard from lately, so nothing');
  const quiet = (await site.browser().get('/models/electricity-price/rollout')).body;
  for (const limit of ['evidence below 100 (α 0.01)', 'p99 250 ms, errors 1.0 %', '1.00 %, and twice the champion’s'])
    expect(quiet, 'before any rollout').toContain(`<dd>${limit}</dd>`);
});

test('settings name the line that set each value', async () => {
  const { body } = await site.browser().get('/models/electricity-price/settings');
  expect(body).toMatch(
    /<code>gate\.primary<\/code><\/th><td[^>]*><code>\w+<\/code><\/td><td[^>]*>config\/models\/[\w-]+\.yaml:\d+</,
  );
  expect(body).toMatch(/config\/defaults\.yaml:\d+/);
});

test('a model is frozen for a reason and lifted again, without Temporal; a day that is past is refused', async () => {
  const browser = site.browser();
  const page = '/models/electricity-price';
  await browser.get(page);
  const csrf = await browser.csrf();
  const frozen = () => browser.get(page).then(({ body }) => body.includes('Frozen by'));
  const past = await browser.post(`${page}/freeze`, { csrf, reason: 'peak', until: '1990-01-07' });
  expect(past.body).toContain('1990-01-07 is past already');
  expect((await browser.post(`${page}/freeze`, { csrf, reason: ' ' })).statusCode).toBe(400);
  expect(await frozen()).toBe(false);
  expect((await browser.post(`${page}/freeze`, { csrf, reason: 'peak', until: '' })).statusCode).toBe(303);
  expect(await frozen()).toBe(true);
  expect((await browser.post(`${page}/unfreeze`, { csrf, reason: 'over' })).statusCode).toBe(303);
  expect(await frozen()).toBe(false);
  expect((await browser.post(`${page}/unfreeze`, { csrf, reason: 'over' })).statusCode).toBe(409);
});

test('every address of a page gives the same page to HEAD, and a digest that changes with it', async () => {
  const browser = site.browser();
  const first = (await browser.get(`/models/${MODEL}/ledger`)).headers['x-page'];
  expect((await browser.get(`/models/${MODEL}/ledger`)).headers['x-page']).toBe(first);
  expect((await browser.get(`/models/${MODEL}/ledger?q=complaints`)).headers['x-page']).not.toBe(first);
  const told = await browser.get(`/changes/digest?path=/models/${MODEL}/ledger`);
  expect(JSON.parse(told.body)).toEqual({ page: first });
});
