/**
 * The worker dies by SIGKILL in every stage; another one is started, and nothing else is done about it.
 *
 * Each kill costs the heartbeat time-out (10 s) before Temporal hands the work out again, so two towns share the
 * waiting. Every single activity, refits too, before and after its effect: `kill.full.test.ts`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Town } from '../town.ts';
import { promoteFirst, startSecond } from './champion.ts';
import { answerLost, dieBy, expectTriedAgainOnly, inTown, scratch } from './drills.ts';
import { eventually } from './eventually.ts';
import { firstRun, laterRun, withoutRefit } from './history.ts';
import { startWorkerProcess } from './worker-process.ts';

describe.concurrent('after kill -9 of the worker the run goes on by itself and repeats nothing that was finished', () => {
  test('in every stage until a person has approved', { timeout: 420_000 }, async () => {
    await inTown(async (town) => {
      const atFirst = answerLost('ingest', 'validate', 'features');
      let worker = await startWorkerProcess(town, atFirst[0]);
      const asked = town.trigger({}); // its answer may need the next worker
      worker = await dieBy(town, atFirst.slice(1), worker);
      const run = String((await asked).run);

      await trainingIsUnderWay(town, run);
      await worker.kill();
      const later = answerLost('evaluate', 'gate');
      worker = await dieBy(town, later);
      await town.runUntil(run, 'an approval is waited for', ({ waitingFor }) => waitingFor !== null);
      const log = await readFile(join(scratch(town, run, 'train'), 'attempt-2', 'trainer.log'), 'utf8');
      expect(log, 'the second attempt used what the first had learned').toContain('goes on from the checkpoint');

      await worker.kill();
      const [sent, next] = await Promise.all([town.approve(run), startWorkerProcess(town)]);
      expect(sent).toBeUndefined();
      expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 1 });
      await expectTriedAgainOnly(town, run, withoutRefit(firstRun), [...atFirst, 'train:before', ...later]);
      await next.stop();
    }, longTraining);
  });

  test('in a canary step, the bake and the monitor stage, on top of a champion', { timeout: 300_000 }, async () => {
    await inTown(async (town) => {
      const first = await startWorkerProcess(town);
      await promoteFirst(town);
      await first.stop();

      const drills = answerLost('watchRollout', 'promoteVersion', 'startProbation');
      const traffic = town.traffic();
      let worker = await startWorkerProcess(town, drills[0]);
      const run = await startSecond(town);
      await town.approve(run);
      worker = await dieBy(town, drills.slice(1), worker);

      expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 2 });
      expect(await traffic.stop(), 'predictions went on').toMatchObject({ failed: 0 });
      await expectTriedAgainOnly(town, run, withoutRefit(laterRun), drills);
      await worker.stop();
    }, servedAsJudged);
  });
});

const servedAsJudged = (model: Record<string, unknown>) => {
  model['training'] = { ...(model['training'] as object), refit: 'none' };
};

/** Small trees by the thousand, trained once: long enough to be killed in the middle, cheap to score. */
const longTraining = (model: Record<string, unknown>) => {
  const params = { n_estimators: 4000, learning_rate: 0.005, num_leaves: 4 };
  model['training'] = { ...(model['training'] as object), refit: 'none', params };
};

/** The trainer has told of its progress: its worker beats with it. */
async function trainingIsUnderWay(town: Town, run: string): Promise<void> {
  const handle = (await town.client.temporal()).workflow.getHandle(run);
  await eventually(async () => {
    const pending = (await handle.describe()).raw.pendingActivities ?? [];
    const training = pending.find(({ activityType }) => activityType?.name === 'train');
    const progress = new TextDecoder().decode(training?.heartbeatDetails?.payloads?.[0]?.data ?? undefined);
    expect(progress, 'training tells of its progress').toContain('"step"');
  }, 60_000);
}
