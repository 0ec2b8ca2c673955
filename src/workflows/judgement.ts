/** Evaluate and gate until there is a verdict: while it is inconclusive, wait for labels and look at new rows. */
import { durationMs } from '../config/values.ts';
import type { SnapshotRef } from '../data/contract.ts';
import type { Outcome } from './contract.ts';
import type { Run } from './run.ts';
import { step } from './steps.ts';

export interface Judged {
  readonly outcome: 'pass' | Extract<Outcome, 'rejected_by_gate' | 'inconclusive' | 'refused_by_validation'>;
  readonly as: 'first' | 'better' | 'non_inferior';
  readonly sentence: string;
  /** Digest of the gate report. */
  readonly gate: string;
  /** The snapshot that decided. */
  readonly raw: SnapshotRef;
  /** How often was looked until there was this verdict. */
  readonly attempt: number;
}

export async function judgeUntilDecided(
  run: Run,
  version: number,
  firstRows: SnapshotRef,
  firstAttempt = 1,
): Promise<Judged> {
  const { wait_for_labels, then } = run.order.plan.onInconclusive;
  const lastLook = new Date(Date.parse(run.ref.as_of) + durationMs(wait_for_labels)).toISOString();
  let raw = firstRows;
  for (let attempt = firstAttempt; ; attempt++) {
    const evaluation = await run.stage('evaluate', () =>
      step('data', `score and compare, look ${attempt}`).evaluate(run.ref, { version, raw, attempt }),
    );
    const verdict = await run.stage('gate', () =>
      step('short', 'judge').gate(run.ref, { version, evaluation, attempt }),
    );
    run.say(verdict.sentence);
    const judged = { as: verdict.as, sentence: verdict.sentence, gate: verdict.digest, raw, attempt };
    if (verdict.verdict === 'pass') return { outcome: 'pass', ...judged };
    if (verdict.verdict === 'fail') return { outcome: 'rejected_by_gate', ...judged };
    if (run.ref.as_of >= lastLook) return { outcome: then === 'person' ? 'pass' : 'inconclusive', ...judged };

    const next = verdict.lookAgain < lastLook ? verdict.lookAgain : lastLook;
    const waiting = {
      for: `labels until ${next}`,
      deadline: lastLook,
      then: `judged again on the new rows; still undecided at the deadline, ${then === 'person' ? 'a person decides' : 'the champion stays'}`,
      needs: 'inconclusive' as const,
    };
    const asOf = await run.wait(waiting, () => run.untilAsOf(next, 'wait for labels'));
    run.ref = { ...run.ref, as_of: asOf };
    const fresh = await run.stage('ingest', () => step('data', 'copy newer rows').ingest(run.ref));
    const checks = await run.stage('validate', () => step('data', 'check newer rows').validate(run.ref, fresh));
    if (checks.verdict === 'reject') return { ...judged, outcome: 'refused_by_validation', sentence: checks.sentence };
    raw = checks.accepted;
  }
}
