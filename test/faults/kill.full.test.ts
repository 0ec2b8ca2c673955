/** The long matrix of `kill.test.ts`: every activity of a run, of its undo and of its owner, before and after its effect. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { rollBackForPerson } from '../../src/client/rollbacks.ts';
import { asOfNow } from '../../src/store/clock.ts';
import { canaryAnswers, endlessCanary, promoteFirst, startSecond } from './champion.ts';
import { answerLost, dieBy, expectTriedAgainOnly, inTown, notBegun } from './drills.ts';
import { firstRun, laterRun } from './history.ts';
import { expectInvariants, served } from './invariants.ts';
import { type Drill, startWorkerProcess } from './worker-process.ts';

const untilDecided = ['ingest', 'validate', 'features', 'train', 'register', 'evaluate', 'gate'];
const refitted = ['refitFeatures', 'refit', 'checkTwin', 'packet'];
const rolledOut = ['recordDecision', 'checkRollout', 'prepareRollout', 'routeShare', 'watchRollout', 'promoteVersion'];
const atTheEnd = ['startProbation', 'closeRun', 'reportRunFinished'];

const timeout = { timeout: 15 * 60_000 };

describe.concurrent('kill -9 before and after every effect', () => {
  for (const [name, drillsOf] of [
    ['its answer lost', answerLost],
    ['not begun', notBegun],
  ] as const) {
    test(`until an approval is waited for: ${name}`, timeout, async () => {
      await inTown(async (town) => {
        const drills = drillsOf(...untilDecided, ...refitted);
        let worker = await startWorkerProcess(town, drills[0]);
        const asked = town.trigger({}); // its answer may need the next worker
        worker = await dieBy(town, drills.slice(1), worker);
        const run = String((await asked).run);
        await town.approve(run);
        expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 2 });
        await expectTriedAgainOnly(town, run, firstRun, drills);
        await worker.stop();
      });
    });

    test(`from the decision to the end: ${name}`, timeout, async () => {
      await inTown(async (town) => {
        const first = await startWorkerProcess(town);
        await promoteFirst(town);
        const traffic = town.traffic();
        const run = await startSecond(town);
        await town.runUntil(run, 'an approval is waited for', ({ waitingFor }) => waitingFor !== null);
        await first.stop();

        const drills = drillsOf(...rolledOut, ...atTheEnd);
        let worker = await startWorkerProcess(town, drills[0]);
        await town.approve(run);
        worker = await dieBy(town, drills.slice(1), worker);
        expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 4 });
        expect(await traffic.stop(), 'predictions went on').toMatchObject({ failed: 0 });
        await expectTriedAgainOnly(town, run, laterRun, drills);
        await worker.stop();
      });
    });

    test(`in the undo of a cancelled canary: ${name}`, timeout, async () => {
      await inTown(
        async (town) => {
          const first = await startWorkerProcess(town);
          await promoteFirst(town);
          const before = served(await town.ledger.state());
          const traffic = town.traffic();
          const run = await startSecond(town);
          await town.approve(run);
          await canaryAnswers(town, run);
          await first.kill();

          const drills = drillsOf('undoRollout', 'rejectVersions', 'closeRun', 'reportRunFinished');
          await (await town.client.temporal()).workflow.getHandle(run).cancel();
          const worker = await dieBy(town, drills);
          await town.end(run).catch(() => undefined);
          expect(await town.status(run)).toMatchObject({ outcome: 'cancelled' });
          expect(served(await town.ledger.state())).toEqual(before);
          expect(await traffic.stop(), 'predictions went on').toMatchObject({ failed: 0 });
          await expectInvariants(town);
          await worker.stop();
        },
        (model) => {
          model['deploy'] = endlessCanary;
        },
      );
    });
  }

  test("in the owner's decision and in an operator's rollback: each happens once", timeout, async () => {
    await inTown(async (town) => {
      const drill: Drill = 'considerTriggers:after';
      const dying = await startWorkerProcess(town, drill);
      const asked = town.trigger({ eventId: 'asked once' });
      await dying.died;
      let worker = await startWorkerProcess(town);
      expect(await asked).toMatchObject({ answer: 'started', run: `${town.model}-000001` });
      const first = `${town.model}-000001`;
      await town.approve(first);
      expect(await town.end(first)).toMatchObject({ outcome: 'promoted' });
      await town.setTime('2013-02-12T00:00:00Z');
      const second = await startSecond(town);
      await town.approve(second);
      const traffic = town.traffic();
      expect(await town.end(second)).toMatchObject({ outcome: 'promoted', version: 4 });
      await worker.stop();

      const killed = await startWorkerProcess(town, 'rollBack:after');
      const { client, store, model } = town;
      const input = { client, store, model, id: randomUUID(), asOf: () => asOfNow(store, 'logical') };
      const back = rollBackForPerson(input, { to: 2, reason: 'complaints', by: 'dana' });
      await killed.died;
      worker = await startWorkerProcess(town);
      expect(await back).toMatchObject({ from: 4, to: 2 });
      expect(served(await town.ledger.state())).toMatchObject({ champion: 2, reference: 2 });
      expect(await traffic.stop(), 'predictions went on').toMatchObject({ failed: 0 });
      await worker.stop();
    });
  });
});
