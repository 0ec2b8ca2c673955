/** Runs that were recorded on a real server must replay on the code of today; a changed order of steps must not. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { honeCacheFolder } from '../../src/local/cache-folder.ts';
import { workflowBundle } from '../../src/local/workflow-bundle.ts';
import '../setup/quiet-runtime.ts';
import { type RecordedHistory, readHistories } from './history-files.ts';

const root = resolve(import.meta.dirname, '../..');
const histories = await readHistories();

/** A branch that is added to a workflow belongs here, and into the life that models-life.ts plays. */
const BRANCHES = [
  'batchScoring.done',
  'erasure.done',
  'model.fresh_beside_a_run',
  'model.merged_queued_continued',
  'model.released_a_lost_run',
  'monitoring.quiet',
  'monitoring.triggered',
  'notify.done',
  'probation.continued',
  'probation.ended',
  'probation.superseded',
  'requestRun.skipped',
  'retention.done',
  'retraining.cancelled',
  'retraining.cancelled_between_trials',
  'retraining.cancelled_early',
  'retraining.cancelled_in_canary',
  'retraining.cancelled_in_training',
  'retraining.chosen_among_trials',
  'retraining.expired',
  'retraining.expired_after_reminders',
  'retraining.failed',
  'retraining.inconclusive',
  'retraining.inconclusive_then_judged',
  'retraining.judged_against_another_champion',
  'retraining.no_trial_left',
  'retraining.piped_after_a_shadow',
  'retraining.piped_and_failed',
  'retraining.piped_first',
  'retraining.piped_first_taken_out',
  'retraining.piped_in_steps',
  'retraining.piped_without_an_answer',
  'retraining.promoted',
  'retraining.promoted_after_a_pause',
  'retraining.promoted_after_a_shadow',
  'retraining.promoted_after_a_void_packet_and_a_freeze',
  'retraining.promoted_as_refit',
  'retraining.promoted_by_breaking_glass',
  'retraining.promoted_by_policy',
  'retraining.promoted_without_traffic',
  'retraining.refused_by_validation',
  'retraining.rejected_by_gate',
  'retraining.rejected_by_person',
  'retraining.rolled_back_by_guardrail',
  'retraining.rolled_back_by_operator',
  'retraining.rolled_back_by_person',
  'retraining.rolled_back_in_a_shadow',
  'retraining.superseded',
  'retraining.terminated',
  'retraining.version_1_expired',
  'retraining.version_1_promoted',
  'retraining.version_1_promoted_by_policy',
  'retraining.version_1_rejected_by_person',
  'rollback.fences_a_run',
  'rollback.piped',
  'rollback.plain',
];

let results: Map<string, Error | undefined>;
beforeAll(async () => {
  results = await replay(await workflowBundle(honeCacheFolder()), histories);
});

test('every branch of every workflow has a recorded history', () => {
  expect(histories.map(({ name }) => name)).toEqual(BRANCHES);
});

test.each(BRANCHES)('%s replays', (name) => {
  expect(results.has(name)).toBe(true);
  expect(results.get(name)).toBeUndefined();
});

test('a deliberate reordering of two steps is caught', async () => {
  const run = join('src', 'workflows', 'run.ts');
  const reordered = await copyOfSources();
  const text = await readFile(join(root, run), 'utf8');
  const [record, tell] = ['closeRun', 'reportRunFinished'].map((name) => lineWith(text, `).${name}(`)) as [
    string,
    string,
  ];
  const swapped = text.replace(record, '<first>').replace(tell, record).replace('<first>', tell);
  await writeFile(join(reordered, run), swapped);

  const ended = histories.filter(({ name }) => name === 'retraining.rejected_by_gate');
  const errors = await replay(await bundleOf(reordered), ended);
  expect([...errors.values()]).toEqual([expect.any(DeterminismViolationError)]);
});

/** One replaying worker for all of them, one after the other: starting one takes longer than a replay. */
async function replay(codePath: string, recorded: readonly RecordedHistory[]): Promise<Map<string, Error | undefined>> {
  const found = new Map<string, Error | undefined>();
  const names = recorded.values();
  for await (const { error } of Worker.runReplayHistories({ workflowBundle: { codePath } }, recorded))
    found.set(names.next().value?.name ?? 'more answers than histories', error);
  return found;
}

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function copyOfSources(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hone-reordered-'));
  folders.push(folder);
  await cp(join(root, 'src'), join(folder, 'src'), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

async function bundleOf(folder: string): Promise<string> {
  const workflows = join(folder, 'src', 'workflows');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(workflows, 'index.ts'),
    payloadConverterPath: join(workflows, 'payload-converter.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  const path = join(folder, 'bundle.js');
  await writeFile(path, code);
  return path;
}

function lineWith(text: string, part: string): string {
  const line = text.split('\n').find((each) => each.includes(part));
  if (!line) throw new Error(`no line has "${part}" any more: choose two other steps to swap`);
  return line;
}
