/**
 * `npm run histories:record`: plays every branch of every workflow with real parts and keeps the histories for
 * `histories.test.ts`. To be run after a deliberate change of workflow code that old runs need not survive.
 * `npm run histories:record -- records` plays only what becomes of records, `-- batch` only a batch, `-- approvals` only
 * what people decide, `-- searches` only choices among configurations, `-- pipeline` only deployments through one, `-- shadows` only shadows before
 * a canary; all other histories stay as they are. Those of an older policy version (`retraining.version_1_…`) are
 * never recorded again.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDevServer } from '../../src/local/dev-server.ts';
import { smallTown, type Town } from '../town.ts';
import type { Keep } from './actor.ts';
import { playApprovals } from './approvals-life.ts';
import { playBatch } from './batch-life.ts';
import { addHistories, type RecordedHistory, writeHistories } from './history-files.ts';
import { playModelsLife } from './models-life.ts';
import { playPipeline } from './pipeline-life.ts';
import { playRecordsLife } from './records-life.ts';
import { playSearches } from './search-life.ts';
import { playShadows } from './shadow-life.ts';

const only = process.argv[2];
const recordsOnly = only === 'records';
const APART = ['batch', 'approvals', 'searches', 'pipeline', 'shadows'];
const started = Date.now();
const recorded: RecordedHistory[] = [];
const say = (text: string) => console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s  ${text}`);

const server = await startDevServer({
  uiPort: null,
  logFile: join(tmpdir(), `hone-record-temporal-${process.pid}.log`),
  timeSkipping: true,
  onProgress: say,
});
let town: Town | undefined;
try {
  if (only === undefined || only === 'batch') recorded.push(...(await playBatch(server.address)));
  if (only === undefined || only === 'pipeline') recorded.push(...(await playPipeline(server.address, say)));
  if (only === undefined || only === 'approvals') await playIn({ serving: true }, playApprovals);
  if (only === undefined || only === 'searches') await playIn({ serving: false }, playSearches);
  if (only === undefined || only === 'shadows') await playIn({ serving: true }, playShadows);
  if (only === undefined || !APART.includes(only))
    await playIn({ serving: !recordsOnly }, async (open, keep) => {
      if (!recordsOnly) await playModelsLife(open, keep);
      await playRecordsLife(open, keep);
    });
  await (only === undefined ? writeHistories(recorded) : addHistories(recorded));
  say(`${recorded.length} histories written`);
} finally {
  await town?.close();
  await server.stop();
}

async function playIn(options: { serving: boolean }, life: (open: Town, keep: Keep) => Promise<void>): Promise<void> {
  const open = await smallTown({
    temporal: server.address,
    serving: options.serving,
    // A month is too short for fine verdicts: a branch is what is to be recorded, not a judgement.
    edit: ({ training, gate }) => {
      Object.assign(training as object, { refit: 'none' });
      const champion = { promote_when: 'non_inferior', margin: { roc_auc: 0.4, log_loss: 0.4 } };
      Object.assign(gate as object, { champion, slices: { columns: [] } });
    },
  });
  town = open;
  const temporal = await open.client.temporal();
  const keep: Keep = async (name, workflowId, runId) => {
    const history = await temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    recorded.push({ name, workflowId, history });
    say(`${name}: ${history.events?.length} events`);
  };
  await life(open, keep);
  await open.close();
  town = undefined;
}
