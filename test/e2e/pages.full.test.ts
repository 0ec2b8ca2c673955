/** A newcomer's path in a real browser: home, packet, approve, canary to 100 %, roll back, ledger; then the same by command line. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { hone } from '../cli/story.ts';
import { promoteFirst, startSecond, townForTwo } from '../faults/champion.ts';
import type { Town } from '../town.ts';
import { findChromium, launch } from '../web/chromium.ts';
import { openSite, type Site } from '../web/site.ts';
import { MODEL, tell } from '../web/told.ts';
import { FAILED, putFailedRun, putServer, writeLog } from '../web/trouble.ts';
import { storyOf, type Way } from './ledger-story.ts';

const executable = findChromium(true);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LOOKS = [360, 1440].flatMap((width) => (['light', 'dark'] as const).map((scheme) => [width, scheme] as const));
/** A busy machine trains slowly. */
vi.setConfig({ testTimeout: 400_000 });
const SLOWEST_ROLLOUT_MS = 240_000;
const COMMENT = 'looks right';

let town: Town;
let site: Site;
let browser: Browser;
let base: string;
let byPages: Way;

const named =
  executable === null ? 'skipped, because no Chromium was found (HONE_CHROMIUM, PATH, apt-get as root): ' : '';

beforeAll(async () => {
  if (executable === null) return;
  town = await townForTwo({
    edit: (model) => Object.assign(model['approval'] as object, { break_glass: { from: ['ops-ml'] } }),
  });
  await promoteFirst(town);
  site = await openSite({ workspace: town.workspace, client: town.client });
  base = await site.app.listen({ host: '127.0.0.1', port: 0 });
  browser = await launch(executable);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
  await town?.close();
});

test.skipIf(executable === null)(`${named}a newcomer approves, watches and rolls back on the pages alone`, async () => {
  const after = (await town.ledger.head())?.seq ?? 0;
  const run = await startSecond(town);
  await town.runUntil(run, 'an approval is waited for', (status) => status.waitingFor !== null);
  const context = await browser.newContext();
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));

  await page.goto(base);
  await expectSentence(page, /1 model needs you/);
  await page.getByRole('region', { name: 'Needs you' }).getByRole('link', { name: town.model, exact: true }).click();
  await expectSentence(page, /0 of 1 approvals so far/);
  await expectClean([`/runs/${run}`, `/runs/${run}/packet`]);
  await expectKeyboardReaches(page, ['approve', 'reject', 'comment']);
  await page.getByLabel(/Comment/).fill(COMMENT);
  const sending = town.traffic();
  await page.getByRole('button', { name: /^Approve: start at 25 %/ }).click();
  await page.getByText('Approved by ana.').first().waitFor();
  // The page is left alone: it follows the run by itself.
  await page.locator('.sentence', { hasText: 'promoted' }).waitFor({ timeout: SLOWEST_ROLLOUT_MS });
  await sending.stop();
  const champion = (await town.ledger.state()).aliases.champion?.version;
  byPages = { after, run, version: champion ?? 0 };

  await page.goto(`${base}/models/${town.model}/rollout`);
  await page.getByLabel(/Reason/).fill('complaints');
  await page.getByRole('button', { name: 'Roll back now' }).click();
  await page.locator('.notice.good').waitFor({ timeout: 120_000 });
  await page.goto(`${base}/models/${town.model}/ledger`);
  await page.getByText(`rolled back from ${champion} to 2`).first().waitFor();
  expect(problems).toEqual([]);
  await context.close();
});

test.skipIf(executable === null)(
  `${named}the same path by command line leaves equal entries in the ledger`,
  async () => {
    const after = (await town.ledger.head())?.seq ?? 0;
    await town.setTime('2013-02-26T00:00:00Z');
    const run = await startSecond(town, 'a third version');
    const { packet } = await town.runUntil(run, 'an approval is waited for', (status) => status.waitingFor !== null);
    const sending = town.traffic();
    const approved = await hone(town.dir, [
      'approve',
      run,
      '--packet',
      packet?.slice(0, 8) ?? '',
      '--by',
      'ana',
      '--comment',
      COMMENT,
    ]);
    expect(approved).toMatchObject({ code: 0 });
    const { outcome, version } = await town.end(run);
    expect(outcome).toBe('promoted');
    await sending.stop();
    const back = await hone(town.dir, ['rollback', town.model, '--to', '2', '--reason', 'complaints', '--by', 'ana']);
    expect(back.code).toBe(0);
    const byCommand = await storyOf(town, { after, run, version: version ?? 0 });
    expect(byCommand.length).toBeGreaterThan(6);
    expect(byCommand).toEqual(await storyOf(town, byPages));
  },
);

test.skipIf(executable === null)(
  `${named}every page is clean for keyboard and screen reader, fits 360 and 1,440 pixels, light and dark, and has no outsider`,
  async () => {
    const model = `/models/${town.model}`;
    const run = `/runs/${town.model}-000002`;
    const ofModel = ['', 'rollout', 'drift', 'incidents', 'ledger', 'compare', 'backtest', 'settings', 'why'];
    await expectClean([
      ...['/', '/incidents', '/installation', run, `${run}/packet`],
      ...ofModel.map((page) => `${model}/${page}`.replace(/\/$/, '')),
      ...[`${model}/compare?a=3&b=1`, `${model}/versions/4`, `${model}/ledger?check=chain`],
    ]);
    await expectClean(['/models/nothing'], 404);
  },
);

test.skipIf(executable === null)(
  `${named}guardrails of a rollout under way, slices, and a failed run with its log are as clean, with hostile names`,
  async () => {
    const told = await openSite({
      fill: async (store, dir) => {
        await tell(store);
        await putServer(store);
        await putFailedRun(store);
        await writeLog(dir);
      },
    });
    const at = await told.app.listen({ host: '127.0.0.1', port: 0 });
    const model = `/models/${MODEL}`;
    await expectClean([`${model}/rollout`, `${model}/compare?a=2&b=1`, `/runs/${FAILED}`], 200, at);
    await told.close();
  },
);

test.skipIf(executable === null)(
  `${named}an admin breaks glass on the page with a reason, and somebody else's review is asked for until it is there`,
  async () => {
    await town.setTime('2013-02-28T00:00:00Z');
    const run = await startSecond(town, 'a fire');
    await town.runUntil(run, 'an approval is waited for', (status) => status.waitingFor !== null);
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${base}/runs/${run}/packet`);
    await page.getByText('In an emergency').click();
    await page.getByLabel('Reason', { exact: true }).fill('the airport is on fire');
    const sending = town.traffic();
    await page.getByRole('button', { name: /^Break glass/ }).click();
    await page.locator('.notice.good', { hasText: 'Somebody else has to review it' }).waitFor();
    const { outcome, version } = await town.end(run);
    await sending.stop();
    expect(outcome).toBe('promoted');
    await page.goto(`${base}/models/${town.model}`);
    await page.getByText(`ana broke glass for version ${version}`).waitFor();
    const review = (by: string) =>
      hone(town.dir, ['review', `${town.model}/${version}`, '--by', by, '--comment', 'it was right']);
    expect((await review('ana')).code).not.toBe(0);
    expect(await review('dana')).toMatchObject({ code: 0 });
    await page.goto(`${base}/models/${town.model}`);
    expect(await page.getByText('broke glass for version').count()).toBe(0);
    await context.close();
  },
);

test.skipIf(executable === null)(
  `${named}without script the packet can be read and the first stop of the keyboard skips to the content`,
  async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${base}/runs/${town.model}-000002/packet`);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(page.url()).toMatch(/#main$/);
    await page.getByRole('heading', { name: 'Recommendation' }).waitFor();
    await context.close();
  },
);

async function expectSentence(page: Page, what: RegExp): Promise<void> {
  await page.locator('.sentence', { hasText: what }).waitFor();
}

/** No finding of axe, no sideways scrolling, and nothing from elsewhere, at both widths in both colours. */
async function expectClean(urls: readonly string[], status = 200, at = base): Promise<void> {
  for (const [width, colorScheme] of LOOKS) {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, bypassCSP: true });
    const page = await context.newPage();
    const foreign: string[] = [];
    page.on('request', (request) => !request.url().startsWith(at) && foreign.push(request.url()));
    for (const url of urls) {
      expect((await page.goto(at + url))?.status(), url).toBe(status);
      await page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true; })');
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), `${url} at ${width}`).toBe(0);
      await page.evaluate(axe);
      const found = (await page.evaluate('axe.run()')) as { violations: { id: string; nodes: { html: string }[] }[] };
      expect(
        found.violations.map(({ id, nodes }) => `${url} at ${width}, ${colorScheme}: ${id}: ${nodes[0]?.html}`),
      ).toEqual([]);
    }
    expect(foreign).toEqual([]);
    await context.close();
  }
}

/** By Tab alone, from the top of the page. */
async function expectKeyboardReaches(page: Page, values: readonly string[]): Promise<void> {
  const reached = new Set<unknown>();
  for (let stop = 0; stop < 200; stop++) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate('document.activeElement.value'));
    if (values.every((value) => reached.has(value))) return;
  }
  expect([...reached]).toEqual(expect.arrayContaining([...values]));
}
