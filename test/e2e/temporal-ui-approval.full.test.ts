/**
 * Temporal's own pages are enough: the packet is read there, the JSON is copied and sent, the version goes live and is
 * rolled back, in a real browser; and the ledger tells the same as when it is done by command line.
 *
 * With HONE_SCREENSHOTS=<folder> it takes the pictures of the documentation.
 */
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type DevServer, startDevServer } from '../../src/local/dev-server.ts';
import { hone } from '../cli/story.ts';
import { promoteFirst, startSecond, townForTwo } from '../faults/champion.ts';
import type { Town } from '../town.ts';
import { findChromium, launch } from '../web/chromium.ts';
import { storyOf, type Way } from './ledger-story.ts';
import { copyLine, currentDetails, openWaitingRun, sendSignal, startWorkflow } from './temporal-ui.ts';

const executable = findChromium(true);
const named =
  executable === null ? 'skipped, because no Chromium was found (HONE_CHROMIUM, PATH, apt-get as root): ' : '';
const pictures = process.env['HONE_SCREENSHOTS'];
vi.setConfig({ testTimeout: 400_000 });
const SLOWEST_ROLLOUT_MS = 240_000;
const COMMENT = 'looks right';

let server: DevServer;
let town: Town;
let browser: Browser;
let byPages: Way;

beforeAll(async () => {
  if (executable === null) return;
  server = await startDevServer({ logFile: null });
  town = await townForTwo({ temporal: server.address, ...(pictures ? { model: 'flights-delay' } : {}) });
  await promoteFirst(town);
  browser = await launch(executable);
});
afterAll(async () => {
  await browser?.close();
  await town?.close();
  await server?.stop();
});

test.skipIf(executable === null)(
  `${named}a waiting run shows its packet in Temporal's pages, and what is copied and sent there promotes and rolls back`,
  async () => {
    const after = (await town.ledger.head())?.seq ?? 0;
    const run = await startSecond(town);
    const { packet } = await town.runUntil(run, 'an approval is waited for', (status) => status.waitingFor !== null);
    const context = await browser.newContext({
      viewport: { width: 1360, height: 900 },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    const details = await openWaitingRun(page, server.uiUrl ?? '', town.model);

    // What is read: the question first, then figures as tables whose values stand apart.
    await details.getByRole('heading', { name: /^Replace version 2 of .* by version 4, starting at 25 %/ }).waitFor();
    for (const title of ['Recommendation', 'Figures', 'Rules', 'Slices', 'Safety', 'Decide'])
      await details.getByRole('heading', { name: title, exact: true }).waitFor();
    const row = details.getByRole('row', { name: /roc_auc \(primary\)/ });
    expect(await row.getByRole('cell').count()).toBe(5);
    expect(
      await details
        .getByRole('row', { name: /metric/ })
        .first()
        .innerText(),
    ).toMatch(/candidate\s+champion\s+difference/);
    expect(
      await details
        .getByText(/^\.*[sh*]\.*[sh]?\.*$/)
        .first()
        .locator('xpath=ancestor-or-self::code')
        .count(),
    ).toBe(1);
    await picture(page, 'temporal-ui-packet');

    // What is sent: a line of the page as it stands; over a warning its empty reason is refused, and that is said.
    const copied = await copyLine(page, details.getByText(/^\{"packet":"[0-9a-f]{8}","by":"ana"/));
    await picture(page, 'temporal-ui-decide');
    expect(JSON.parse(copied)).toEqual({ packet: packet?.slice(0, 8), by: 'ana', comment: '' });
    await sendSignal(page, 'approve');
    await refreshed(page, /Refused: approving over a warning needs a reason/);
    await sendSignal(page, 'approve', async (data) => {
      // The dialog remembers what was sent.
      await data.press('ControlOrMeta+a');
      await page.keyboard.insertText(copied.replace('"comment":""', `"comment":"${COMMENT}"`));
      await picture(data.locator('xpath=ancestor::dialog'), 'temporal-ui-signal');
    });
    const sending = town.traffic();
    await refreshed(page, /Approved by ana\./);
    await page.getByText('Completed', { exact: true }).first().waitFor({ timeout: SLOWEST_ROLLOUT_MS });
    await sending.stop();
    await refreshed(page, /Version 4 is champion/);

    await startWorkflow(page, server.uiUrl ?? '', {
      id: `rollback/${town.model}/complaints`,
      queue: town.client.taskQueue,
      type: 'rollback',
      input: { model: town.model, to: 2, reason: 'complaints', by: 'ana', automatic: false },
    });
    await vi.waitUntil(async () => (await town.ledger.state()).aliases.champion?.version === 2, 60_000);
    await context.close();

    byPages = { after, run, version: 4 };
    const entry = await town.ledger.find(`${run}/approve/staged`);
    expect(entry).toMatchObject({ actor: 'ana', trust: 'asserted', why: COMMENT });
  },
);

test.skipIf(executable === null)(
  `${named}the same way by command line leaves equal entries in the ledger, from the approval to the rollback`,
  async () => {
    await town.setTime('2013-02-26T00:00:00Z');
    const after = (await town.ledger.head())?.seq ?? 0;
    const run = await startSecond(town, 'a second version');
    const { packet } = await town.runUntil(run, 'an approval is waited for', (status) => status.waitingFor !== null);
    const sending = town.traffic();
    const said = ['--packet', packet?.slice(0, 8) ?? '', '--by', 'ana', '--comment', COMMENT];
    expect(await hone(town.dir, ['approve', run, ...said])).toMatchObject({ code: 0 });
    const { version } = await town.end(run);
    await sending.stop();
    const back = ['rollback', town.model, '--to', '2', '--reason', 'complaints', '--by', 'ana'];
    expect(await hone(town.dir, back)).toMatchObject({ code: 0 });

    const byCommand = await storyOf(town, { after, run, version: version ?? 0 });
    expect(byCommand.length).toBeGreaterThan(6);
    expect(byCommand).toEqual(await storyOf(town, byPages));
    expect((await town.ledger.verify()).ok).toBe(true);
  },
);

/** The page reads the run again when R is pressed. */
async function refreshed(page: Page, text: RegExp): Promise<void> {
  await vi.waitUntil(
    async () => {
      await page.getByText('State Transitions').first().click();
      await page.keyboard.press('r');
      return await currentDetails(page).getByText(text).first().isVisible();
    },
    { timeout: 60_000, interval: 500 },
  );
}

async function picture(shown: Page | Locator, name: string): Promise<void> {
  if (pictures) await shown.screenshot({ path: join(pictures, `${name}.png`) });
}
