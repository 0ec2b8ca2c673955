/** The reconciler against a real Temporal server: each thing that does not fit is found, put right once, and told. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idleSentences, liveness } from '../../src/client/liveness.ts';
import { reconcileAll } from '../../src/client/reconcile.ts';
import { applySchedules, scheduleIds } from '../../src/client/schedules.ts';
import { examineWork } from '../../src/local/doctor-work.ts';
import { processIdentity } from '../../src/local/process-identity.ts';
import { happeningOfEntry } from '../../src/notifications/happenings.ts';
import * as changes from '../../src/registry/changes.ts';
import type { Step } from '../../src/registry/ledger.ts';
import { addWaiting, rememberWaiting } from '../../src/registry/trigger-answers.ts';
import { listVersions } from '../../src/registry/versions.ts';
import { eventually } from '../messages.ts';
import { smallTown, type Town } from '../town.ts';

const later = () => new Date(Date.now() + 5 * 60_000).toISOString();
const digest = 'a'.repeat(64);
let town: Town;
let effects = 0;
beforeAll(async () => {
  town = await smallTown({ worker: false, serving: false });
  await write(changes.registerVersion({ version: 1, run: null, manifest: digest }));
  await write(changes.promote({ version: 1, effectId: 'import/1', as: 'first', as_of: asOf, labels: null }));
});
afterAll(async () => {
  const temporal = await town.client.temporal();
  for await (const { scheduleId, memo } of temporal.schedule.list())
    if (memo?.['taskQueue'] === town.client.taskQueue) await temporal.schedule.getHandle(scheduleId).delete();
  await town.close();
});

const asOf = '2013-01-25T00:00:00.000Z';
const runOf = (number: number) => changes.runId(town.model, number);
const scratchDir = () => join(town.dir, 'scratch');
async function write(step: Step, effectId = `test/${++effects}`): Promise<void> {
  await town.ledger.append({ effectId, as_of: asOf, actor: 'test', trust: 'system', why: 'a test', step });
}
const reconcile = async (options: { now?: string; dryRun?: boolean } = {}) =>
  await reconcileAll({
    ...{ client: town.client, store: town.store, clock: 'logical', scratchDir: scratchDir() },
    ...{ now: later(), ...options },
  });
const kinds = ({ repairs }: Awaited<ReturnType<typeof reconcile>>) =>
  repairs.map(({ finding, result }) => `${finding.kind} ${result}`);

/** A run as far as its canary, and a workflow of its name that no worker takes up. */
async function runInCanary(number: number, version: number): Promise<string> {
  const run = runOf(number);
  const config = (await town.ledger.state()).config ?? '';
  const now = new Date().toISOString();
  await write(changes.startRun({ run, trigger: 'manual', config, as_of: asOf, now }));
  await write(changes.registerVersion({ version, run, manifest: digest }), `${run}/register/candidate`);
  const lease = `models/${town.model}/leases/v${version}-${run}.json`;
  const effectId = `${run}/deploy/prepare`;
  await write(changes.prepareRollout({ version, effectId, lease }), effectId);
  await write(changes.stepRollout({ version, share: 25, effectId: `${run}/deploy/share-25`, lease }));
  await startWorkflow(run);
  return run;
}

async function startWorkflow(run: string): Promise<void> {
  await (await town.client.temporal()).workflow.start('retraining', {
    ...{ workflowId: run, taskQueue: town.client.taskQueue, args: [] },
    searchAttributes: { HoneModel: [town.model] },
  });
}

test('schedules that nobody asks for go, those that are missing come, and a dry run only tells', async () => {
  const temporal = await town.client.temporal();
  const config = town.workspace.models.get(town.model)?.config;
  if (!config) throw new Error('no model');
  await applySchedules(town.client, [config]);
  const ids = scheduleIds(town.model);
  const listed = async () => {
    const found: string[] = [];
    for await (const { scheduleId, memo } of temporal.schedule.list())
      if (memo?.['model'] === town.model) found.push(scheduleId);
    return found.sort();
  };
  const all = [ids.monitoring, ids.retention, ids.retraining].sort();
  await eventually('all are listed', listed, (found) => found.length === 3);
  expect(kinds(await reconcile())).toEqual([]);

  await temporal.schedule.getHandle(ids.monitoring).delete();
  await temporal.schedule.create({
    scheduleId: ids.batch,
    spec: { intervals: [{ every: '1 day' }] },
    action: { type: 'startWorkflow', workflowType: 'batchScoring', taskQueue: town.client.taskQueue, args: [] },
    memo: { managedBy: 'hone', model: town.model, taskQueue: town.client.taskQueue },
  });
  await eventually('the list has followed', listed, (found) => found.includes(ids.batch) && found.length === 3);
  const seq = (await town.ledger.head())?.seq;
  const both = ['schedule_orphan would_repair', 'schedule_missing would_repair'];
  expect(kinds(await reconcile({ dryRun: true }))).toEqual(both);
  expect((await town.ledger.head())?.seq, 'a dry run writes nothing').toBe(seq);

  expect(kinds(await reconcile())).toEqual(['schedule_orphan repaired', 'schedule_missing repaired']);
  await eventually('they are as configured', listed, (found) => JSON.stringify(found) === JSON.stringify(all));
  expect(kinds(await reconcile())).toEqual([]);
});

test('monitoring that was due and never came to an end is asked for once, and whoever looks is told that nobody works', async () => {
  const schedule = scheduleIds(town.model).monitoring;
  await (await town.client.temporal()).schedule.getHandle(schedule).trigger();
  const nextWeek = new Date(Date.now() + 7 * 86_400_000).toISOString();
  const seen = () => liveness(town.client, nextWeek);
  const silent = (one: { type: string; late: boolean }) => one.type === 'monitoring' && one.late;
  const idle = idleSentences(await eventually('it is late', seen, ({ regular }) => regular.some(silent)));
  expect(idle[0]).toMatch(/^No worker takes work from queue-\S+ and queue-\S+-training: /);
  expect(idle).toContainEqual(expect.stringMatching(/^Monitoring of \S+ has not come to an end in its time/));
  const { parts } = await examineWork(town.workspace.hone, nextWeek);
  expect(parts, 'hone doctor says the same').toMatchObject([
    { name: 'Workers', version: 'NONE', from: town.client.taskQueue, advice: idle[0] },
    { name: 'Regular look', version: 'LATE', from: schedule, advice: idle[1] },
  ]);
  expect(kinds(await reconcile({ now: nextWeek }))).toEqual(['monitoring_silent repaired']);
  const entry = await town.ledger.head();
  expect(entry?.change).toMatchObject({ kind: 'repaired', what: 'monitoring', subject: schedule });
  expect(entry && happeningOfEntry(town.model, entry), 'people are told').toMatchObject({
    ...{ type: 'repaired', severity: 'warn', model: town.model },
    sentence: expect.stringContaining('has not come to an end'),
  });
  expect(kinds(await reconcile({ now: nextWeek }))).toEqual(['monitoring_silent left']);
});

test('a run terminated during its rollout loses lock and traffic, its version is rejected, and people are told', async () => {
  const run = await runInCanary(1, 2);
  expect(kinds(await reconcile()), 'a run that goes on is left alone').toEqual([]);
  await (await town.client.temporal()).workflow.getHandle(run).terminate('from outside');

  const done = await reconcile();
  expect(kinds(done)).toEqual(['run_gone repaired']);
  expect(done.repairs[0]?.finding).toMatchObject({ candidate: { version: 2, share: 25 }, promoted: null });
  const state = await town.ledger.state();
  expect(state).toMatchObject({
    activeRun: null,
    aliases: { champion: { version: 1 }, challenger: null },
    routing: { arms: [{ version: 1, share: 100, lease: null }] },
  });
  expect((await listVersions(town.store, town.model)).map(({ status }) => status)).toEqual(['production', 'rejected']);
  const entry = await town.ledger.find(`owner/${run}/released`);
  expect(entry).toMatchObject({ actor: 'reconciler', change: { kind: 'lock_released', run } });
  expect(entry && happeningOfEntry(town.model, entry)).toMatchObject({ type: 'run.lost', severity: 'warn', run });

  const seq = (await town.ledger.head())?.seq;
  expect(kinds(await reconcile()), 'nothing is left to do').toEqual([]);
  expect((await town.ledger.head())?.seq).toBe(seq);
  expect(await town.ledger.verify()).toMatchObject({ ok: true });
});

test('a promotion of a run that was terminated afterwards stands, and is watched', async () => {
  const run = await runInCanary(2, 3);
  const effectId = `${run}/deploy/promote`;
  await write(changes.promote({ version: 3, effectId, as: 'better', as_of: asOf, labels: null }), effectId);
  await (await town.client.temporal()).workflow.getHandle(run).terminate('from outside');
  const done = await reconcile();
  expect(done.repairs[0]).toMatchObject({ result: 'repaired', finding: { kind: 'run_gone', promoted: 3 } });
  expect(await town.ledger.state()).toMatchObject({ activeRun: null, aliases: { champion: { version: 3 } } });
  const probation = (await town.client.temporal()).workflow.getHandle(`probation/${town.model}/3`);
  expect((await probation.describe()).status.name).toBe('RUNNING');
  await probation.terminate('test over');
});

test('a run that Temporal does not know yet is given ten minutes; one without the lock is cancelled', async () => {
  const run = runOf(3);
  const config = (await town.ledger.state()).config ?? '';
  const now = new Date().toISOString();
  await write(changes.startRun({ run, trigger: 'manual', config, as_of: asOf, now }));
  expect(kinds(await reconcile())).toEqual([]);
  await startWorkflow(run);
  const lost = { to: 1, reason: 'a test', automatic: false, effectId: 'test/back', as_of: asOf };
  await write(changes.rollBack(lost), 'test/back');
  expect(kinds(await reconcile({ now: new Date().toISOString() })), 'it is given time to notice').toEqual([]);
  const done = await eventually('the list has the run', reconcile, ({ repairs }) => repairs.length > 0);
  expect(kinds(done)).toEqual(['run_without_lock repaired']);
  const events = (await (await town.client.temporal()).workflow.getHandle(run).fetchHistory()).events ?? [];
  expect(events.some((event) => event.workflowExecutionCancelRequestedEventAttributes)).toBe(true);
  await (await town.client.temporal()).workflow.getHandle(run).terminate('test over');

  const missing = runOf(4);
  await write(changes.startRun({ run: missing, trigger: 'manual', config, as_of: asOf, now }));
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
  await eventually(
    'Temporal has no open run',
    () => reconcile({ now: inAnHour }),
    (one) => kinds(one).includes('run_gone repaired'),
  );
  expect((await town.ledger.state()).activeRun).toBeNull();
});

test('an owner that does not know of the end of a run is told once', async () => {
  const config = (await town.ledger.state()).config ?? '';
  const run = runOf(5);
  await write(changes.startRun({ run, trigger: 'manual', config, as_of: asOf, now: new Date().toISOString() }));
  await write(changes.endRun({ run, outcome: 'failed', version: null, as_of: asOf, trigger: 'manual' }));
  await rememberWaiting(town.store, town.model, await addWaiting(town.store, [{ kind: 'manual' }], null));
  await eventually('it is told', reconcile, (done) => kinds(done).includes('owner_waits repaired'));
  expect(kinds(await reconcile())).toEqual(['owner_waits left']);
  await rememberWaiting(town.store, town.model, null);
});

test('a trainer whose worker was killed is ended, one whose worker lives is not', async () => {
  const program = `
    import { spawn } from 'node:child_process';
    const { noteTrainer } = await import(${JSON.stringify(new URL('../../src/training/orphans.ts', import.meta.url).href)});
    const trainer = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
    const owner = { folder: ${JSON.stringify(join(scratchDir(), 'trainers'))}, model: '${town.model}', run: '${runOf(1)}', attempt: 1 };
    await noteTrainer(owner, trainer.pid, ['node'], 'no log');
    console.log(trainer.pid);
    setInterval(() => {}, 1000);`;
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', program];
  const worker = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(worker.stdout, 'data')) as [Buffer];
  const trainer = Number(line.toString());
  expect(kinds(await reconcile())).toEqual([]);
  worker.kill('SIGKILL');
  await once(worker, 'exit');
  expect(await processIdentity(trainer)).toBeDefined();

  expect(kinds(await reconcile())).toEqual(['trainer_orphan repaired']);
  expect(await processIdentity(trainer)).toBeUndefined();
  expect((await town.ledger.head())?.change).toMatchObject({ kind: 'repaired', what: 'trainer' });
  expect(kinds(await reconcile())).toEqual([]);
});
