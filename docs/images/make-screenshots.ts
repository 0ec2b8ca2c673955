/**
 * Pictures of the pages for the documentation, from a workspace that ran: `npm run demo -- --keep`, then
 * `node --import tsx docs/images/make-screenshots.ts [workspace] [folder]` (default `.hone/demo`). With a folder, every
 * page is drawn whole into it, to be looked at. Needs a Chromium.
 */
import { join, resolve } from 'node:path';
import { loadWorkspace } from '../../src/config/load.ts';
import { openLedger } from '../../src/registry/ledger.ts';
import { listModels } from '../../src/registry/models.ts';
import { openStore } from '../../src/store/open-store.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { startPages } from '../../src/web/server.ts';
import { findChromium, launch } from '../../test/web/chromium.ts';

const workspace = await loadWorkspace(resolve(process.argv[2] ?? '.hone/demo'));
const { hone, dir } = workspace;
const executable = findChromium(false);
if (executable === null) throw new Error('No Chromium: name one in HONE_CHROMIUM, or put it on the PATH.');
const store = openStore(hone.store, dir);
const [model] = await listModels(store);
if (model === undefined) throw new Error(`${dir} has no model yet: run the demo first, with --keep.`);
const promoted = (await openLedger(store, model).state()).budgets.runs.findLast(
  ({ outcome }) => outcome === 'promoted',
);

const web = { host: '127.0.0.1', port: 0, user: 'ana' };
const pages = await startPages({ ...workspace, hone: { ...hone, web } }, createLogger('screenshots', 'warn'), {});
const browser = await launch(executable);
const whole = process.argv[3];
const documented = [
  ['model', `/models/${model}`],
  ['packet', `/runs/${promoted?.run}/packet`],
] as const;
const all = [
  ...documented,
  ['home', '/'],
  ['incidents', '/incidents'],
  ['installation', '/installation'],
  ...['rollout', 'drift', 'incidents', 'ledger', 'backtest', 'settings', 'why'].map(
    (page) => [`model-${page}`, `/models/${model}/${page}`] as const,
  ),
  ['compare', `/models/${model}/compare?a=4&b=2`],
  ['version', `/models/${model}/versions/2`],
  ['run', `/runs/${promoted?.run}`],
] as const;
try {
  for (const [name, path] of whole === undefined ? documented : all)
    for (const [suffix, width, height] of [
      ['', whole === undefined ? 900 : 1440, 640],
      ['-narrow', 360, 740],
    ] as const) {
      const page = await browser.newPage({ viewport: { width, height } });
      await page.goto(pages.url + path);
      const file = join(whole ?? import.meta.dirname, `${name}${suffix}.png`);
      await page.screenshot({ path: file, fullPage: whole !== undefined });
      await page.close();
    }
} finally {
  await browser.close();
  await pages.close();
}
