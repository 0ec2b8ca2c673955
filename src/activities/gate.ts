/** Stage gate: the rules of the model's file on the evaluation report. */

import { z } from 'zod';
import type { TriggerKind } from '../config/model.ts';
import { type EvaluationReport, evaluationReport } from '../evaluation/contract.ts';
import { judge } from '../gate/judge.ts';
import { lookNumber, untilNextLook } from '../gate/looks.ts';
import { openLedger } from '../registry/ledger.ts';
import { attest } from '../registry/versions.ts';
import { getDocument, putDocument } from '../store/content.ts';
import { demandsOf } from '../triggers/demands.ts';
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
      const attempt = await countLooks(deps, run, order.attempt, report);
      const judged = judge(report, model, {
        first: state.aliases.champion === null,
        trigger: run.trigger as TriggerKind,
        attempt,
        anchor: state.anchor === state.aliases.champion?.version ? null : state.anchor,
        run: run.run,
        demands: await demandsOf(deps.store, run.model, run.run),
      });
      const digest = await keep(deps, { evaluation: report, gate: judged });
      await attest(deps.store, run.model, order.version, `gate-${order.attempt}`, {
        report: digest,
        verdict: judged.verdict,
        sentence: judged.sentence,
      });
      work.log.info({ version: order.version, verdict: judged.verdict }, judged.sentence);

      const lookAgain = new Date(Date.parse(run.as_of) + untilNextLook(model, report)).toISOString();
      return { verdict: judged.verdict, as: judged.as, sentence: judged.sentence, digest, lookAgain };
    },
  ),
});

const look = z.strictObject({ keys: z.array(z.string()) });
const LOOKS_READ = 40;

/** Remembers which rows this gate looks at; rows that have decided before buy less (decisions §2, looking again). */
async function countLooks(deps: Deps, run: RunRef, attempt: number, report: EvaluationReport): Promise<number> {
  const folder = `models/${run.model}/gates/`;
  const own = `${folder}${run.as_of.slice(0, 10)}-${run.run}-${attempt}.json`;
  const keys: string[] = [];
  for await (const key of deps.store.list(folder)) if (key !== own) keys.push(key);
  const earlier = await Promise.all(
    keys
      .sort()
      .slice(-LOOKS_READ)
      .map((key) => getDocument(deps.store, key, look)),
  );
  // Where too little could be judged, nobody looked.
  if (report.too_little.length === 0) await putDocument(deps.store, own, { keys: report.blocks.keys });
  return lookNumber(report.blocks.keys, earlier);
}
