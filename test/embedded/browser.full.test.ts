/** `browser.mjs` of a bundle in a real browser: a page with onnxruntime-web predicts what the prediction server answers. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportVersion } from '../../src/embedded/export.ts';
import type { RawRow } from '../../src/serving/contract.ts';
import { following, model, type Node, openServed, row, type Served } from '../serving/served.ts';
import { findChromium, launch } from '../web/chromium.ts';

const executable = findChromium(true);
const named =
  executable === null ? 'skipped, because no Chromium was found (HONE_CHROMIUM, PATH, apt-get as root): ' : '';
const TYPES: Readonly<Record<string, string>> = {
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};
const runtime = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));

let served: Served;
let node: Node;
let files: Server;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  if (executable === null) return;
  // Every feature a raw column: DuckDB-WASM has its JSON functions in an extension that it would fetch from elsewhere.
  served = await openServed((config) => {
    config.features.use = ['distance', 'sched_dep_minute', 'carrier'];
    config.features.sql = {};
  });
  await served.promote(1);
  node = await served.start();
  await node.until('version 1', following(1));
  const out = join(served.dir, 'bundle');
  const asOf = '2013-04-10T00:00:00.000Z';
  await exportVersion({ store: served.store, model, version: 1, out, asOf, cacheDir: join(served.dir, 'cache') });
  const url = await serve({ bundle: out, ort: runtime });
  browser = await launch(executable);
  page = await browser.newPage();
  await page.goto(url);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  files?.close();
  await served?.close();
});

/** A page without content at `/`, and folders by name. */
async function serve(folders: Readonly<Record<string, string>>): Promise<string> {
  files = createServer((request, response) => {
    const [, folder = '', name = ''] = /^\/(\w+)\/([\w.-]+)$/.exec(request.url ?? '') ?? [];
    const dir = folders[folder];
    if (dir === undefined) return void response.setHeader('content-type', 'text/html').end('<title>a page</title>');
    readFile(join(dir, name)).then(
      (body) => response.setHeader('content-type', TYPES[extname(name)] ?? 'application/octet-stream').end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((done) => files.listen(0, '127.0.0.1', done));
  const address = files.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
}

/** What a page does; a string, because it runs in the browser. */
const predictThere = (rows: readonly RawRow[], bundle = 'bundle') =>
  page.evaluate(`(async () => {
    const ort = await import('/ort/ort.wasm.bundle.min.mjs');
    ort.env.wasm.numThreads = 1;
    const { open } = await import('/${bundle}/browser.mjs');
    try {
      const predictor = await open({ ort });
      return await predictor.predict(${JSON.stringify(rows)});
    } catch (error) {
      return String(error.message);
    }
  })()`);

test.skipIf(executable === null)(`${named}a page predicts from the bundle what the server answers`, async () => {
  const carriers = ['UA', 'AA', 'B6', '', null];
  const rows: RawRow[] = Array.from({ length: 500 }, (_, i) => ({
    ...row(i, { carrier: carriers[i % 5], distance: i % 9 === 0 ? null : i * 7 - 300, sched_dep_minute: i % 60 }),
  }));
  const answers = await node.predict(...rows);
  const there = (await predictThere(rows)) as { prediction: number; decision: number }[];
  expect(there).toHaveLength(500);
  there.forEach(({ prediction, decision }, i) => {
    const answer = answers[i];
    expect(Math.abs(prediction - Number(answer?.prediction)), `row ${i}`).toBeLessThanOrEqual(1e-6);
    expect(decision, `row ${i}`).toBe(answer?.decision);
  });
  expect(new Set(there.map(({ decision }) => decision)).size, 'both decisions occur').toBe(2);
});

test.skipIf(executable === null)(
  `${named}a row that does not fit is refused in the page as by the server`,
  async () => {
    expect(await predictThere([row(1), { ...row(2), distance: 'far' }])).toMatch(
      /row.*1.*distance.*must be an integer/s,
    );
  },
);
