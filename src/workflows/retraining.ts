/** One attempt to renew a model. Every side effect has its undo recorded before it happens. */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  rootCause,
  setHandler,
} from '@temporalio/workflow';
import type { Trained } from '../activities/train.ts';
import type { SnapshotRef } from '../data/contract.ts';
import { openDesk } from './approval.ts';
import { openDeskOfVersion1 } from './approval-version-1.ts';
import type { Outcome, RunEnd, RunOrder } from './contract.ts';
import { judgeUntilDecided } from './judgement.ts';
import * as messages from './messages.ts';
import { openRollout, RolloutAborted } from './rollout.ts';
import { openRun, type Run } from './run.ts';
import { openSaga, type Saga, type Undone } from './saga.ts';
import { searchCandidate } from './search.ts';
import { step, trainingStep } from './steps.ts';

export async function retraining(order: RunOrder): Promise<RunEnd> {
  const run = openRun(order);
  const desk = order.policyVersion === 1 ? openDeskOfVersion1(run) : openDesk(run);
  const rollout = openRollout(run, desk);
  const saga = openSaga();
  setHandler(messages.statusQuery, () => statusOf(run, desk.state(), rollout.state));

  try {
    const { startFrom: earlier } = order;
    const raw =
      earlier?.raw ??
      (await run.stage('ingest', () => step('data', 'copy the source into a snapshot').ingest(run.ref)));
    const checks =
      earlier?.checks ?? (await run.stage('validate', () => step('data', 'check the rows').validate(run.ref, raw)));
    if (checks.verdict === 'reject') return await run.end('refused_by_validation', null, checks.sentence);

    const features =
      earlier?.features ??
      (await run.stage('features', () => step('data', 'build features').features(run.ref, checks.accepted)));
    const { search, trainingWallClock } = order.plan;
    const trained =
      earlier?.trained ??
      (await run.stage('train', () =>
        search
          ? searchCandidate(run, features, search)
          : trainingStep(trainingWallClock, 'fit the candidate').train(run.ref, features),
      ));
    saga.before('register', () =>
      step('undo', 'withdraw the candidate').rejectVersions(run.ref, 'the run did not end in a promotion'),
    );
    const candidate = await step('short', 'register the candidate').register(run.ref, {
      features,
      trained,
      twin: null,
    });

    const passed = await judgeUntilDecided(run, candidate.version, checks.accepted);
    if (passed.outcome !== 'pass') {
      await saga.undoAll();
      return await run.end(passed.outcome, candidate.version, passed.sentence);
    }

    const served = await refitIfAsked(run, { version: candidate.version, trained, raw: passed.raw });
    const { verdict, judged } = await desk.decide({
      ...{ candidate: candidate.version, served },
      ...{ report: checks.report, judged: passed },
    });
    if (!verdict) {
      await saga.undoAll();
      const outcome = judged.outcome === 'pass' ? 'inconclusive' : judged.outcome;
      return await run.end(outcome, served, judged.sentence);
    }
    if (verdict.kind !== 'approved') {
      await saga.undoAll();
      const [outcome, why] =
        verdict.kind === 'expired'
          ? (['expired', verdict.comment] as const)
          : (['rejected_by_person', `rejected by ${verdict.by.join(', ')}: ${verdict.comment}`] as const);
      return await run.end(outcome, served, `Not deployed: ${why}`);
    }

    await run.stage('deploy', () => rollout.rollOut(saga, served, judged.as));
    await run.stage('monitor', async () => {
      await rollout.bake(served);
      await step('short', 'start probation').startProbation(run.ref, served);
    });
    return await run.end('promoted', served, `Version ${served} is champion of ${order.ref.model}.`);
  } catch (error) {
    return await undoAndEnd(run, saga, error);
  }
}

/** `refit: full`: the same recipe on all mature rows, a version of its own, linked to the one that was judged. */
async function refitIfAsked(
  run: Run,
  judged: { version: number; trained: Trained; raw: SnapshotRef },
): Promise<number> {
  if (run.order.plan.refit === 'none') return judged.version;
  const { raw } = judged;
  return await run.stage('train', async () => {
    const rows = await step('data', 'build features of all mature rows').refitFeatures(run.ref, raw);
    const trained = await trainingStep(run.order.plan.trainingWallClock, 'refit on all mature rows').refit(run.ref, {
      rows,
      judged: judged.trained,
    });
    const twin = await step('short', 'register the refit').register(run.ref, {
      features: rows,
      trained,
      twin: judged.version,
    });
    await step('data', 'compare the refit with its judged twin').checkTwin(run.ref, {
      judged: judged.version,
      refit: twin.version,
      raw,
    });
    return twin.version;
  });
}

async function undoAndEnd(run: Run, saga: Saga, error: unknown): Promise<RunEnd> {
  const undone = await saga.undoAll();
  const cause = rootCause(error) ?? String(error);
  const outcome = outcomeOf(error, undone);
  const back = undone.map((step) => `${step.name}: ${step.sentence}`).join(' ');
  const end = await run.end(outcome, null, `${cause} ${back}`.trim());
  if (end.outcome === 'cancelled') throw isCancellation(error) ? error : new CancelledFailure(end.sentence);
  if (outcome === 'failed')
    throw ApplicationFailure.create({ message: end.sentence, type: 'HONE_RUN_FAILED', nonRetryable: true });
  return end;
}

function outcomeOf(error: unknown, undone: readonly Undone[]): Outcome {
  const type = failureType(error);
  const fenced = type === 'HONE_RUN_FENCED' || type === 'HONE_LEDGER_CONFLICT';
  if (fenced || undone.some((step) => step.result === 'superseded')) return 'superseded';
  const routed = undone.some((step) => step.name === 'rollout');
  if (error instanceof RolloutAborted || (routed && type === 'HONE_GUARDRAIL')) return 'rolled_back';
  // A worker that died while it was asked to stop is a time-out, not a cancellation.
  if (isCancellation(error) || CancellationScope.current().consideredCancelled) return 'cancelled';
  return 'failed';
}

function failureType(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof ApplicationFailure && at.type) return at.type;
  }
  return undefined;
}

function statusOf(
  run: Run,
  desk: messages.RunStatus['desk'],
  rollout: { step: number | null; paused: boolean },
): messages.RunStatus {
  const { stage, stages, waiting, packet, sentence, outcome } = run.view;
  return {
    run: run.order.ref.run,
    stage,
    stages,
    waitingFor: waiting?.for ?? null,
    deadline: waiting?.deadline ?? null,
    then: waiting?.then ?? null,
    packet,
    sentence,
    outcome,
    desk,
    rollout: rollout.step === null ? null : { step: rollout.step, paused: rollout.paused },
  };
}
