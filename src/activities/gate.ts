/** Stage gate: the rules of the model's file on the evaluation report. */

import type { TriggerKind } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import { evaluationReport } from '../evaluation/contract.ts';
import { judge } from '../gate/judge.ts';
import { openLedger } from '../registry/ledger.ts';
import { attest } from '../registry/versions.ts';
import type { RunRef } from '../workflows/contract.ts';
import { activity } from './boundary.ts';
import { configOf, type Deps, keep, kept } from './deps.ts';

export interface Verdict {
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  readonly as: 'first' | 'better' | 'non_inferior';
  readonly sentence: string;
  /** Digest of the gate report together with the evaluation that it judged. */
  readonly digest: string;
  /** When inconclusive: the `as_of` at which enough new blocks should have matured for another look. */
  readonly lookAgain: string;
}

export const gateActivities = (deps: Deps) => ({
  gate: activity(
    deps,
    async (work, run: RunRef, order: { version: number; evaluation: string; attempt: number }): Promise<Verdict> => {
      const { model } = await configOf(deps, run.config);
      const report = await kept(deps, order.evaluation, evaluationReport);
      const state = await openLedger(deps.store, run.model).state();
      const judged = judge(report, model, {
        first: state.aliases.champion === null,
        trigger: run.trigger as TriggerKind,
        attempt: order.attempt,
      });
      const digest = await keep(deps, { evaluation: report, gate: judged });
      await attest(deps.store, run.model, order.version, `gate-${order.attempt}`, {
        report: digest,
        verdict: judged.verdict,
        sentence: judged.sentence,
      });
      work.log.info({ version: order.version, verdict: judged.verdict }, judged.sentence);

      const block = durationMs(model.gate.uncertainty.block);
      const missing = Math.max(model.gate.uncertainty.min_blocks - report.blocks.count, 1);
      const lookAgain = new Date(Date.parse(run.as_of) + missing * block).toISOString();
      return { verdict: judged.verdict, as: judged.as, sentence: judged.sentence, digest, lookAgain };
    },
  ),
});
