/** What a run makes and judges: a candidate held against the live version on the rows that neither has seen. */
import type { TriggerKind } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import { cleanFrom } from '../evaluation/clean-rows.ts';
import type { EvaluationReport } from '../evaluation/contract.ts';
import { evaluate } from '../evaluation/evaluate.ts';
import type { EvaluationRows } from '../evaluation/judged-rows.ts';
import { compareTwins } from '../evaluation/twins.ts';
import type { GateReport } from '../gate/contract.ts';
import { judge } from '../gate/judge.ts';
import { type EarlierLook, lookNumber } from '../gate/looks.ts';
import type { Holdout } from '../monitoring/contract.ts';
import { matureBefore } from '../monitoring/windows.ts';
import { customFigures } from './custom-figures.ts';
import { labelsAt, type Past, rowAt } from './past.ts';
import type { Policy } from './policy.ts';
import { ScoredVersion, type Version } from './scored-version.ts';
import type { Recipe, Trained, Trainings } from './trainings.ts';

export interface Judgement {
  readonly evaluation: EvaluationReport;
  readonly gate: GateReport;
}

export interface JudgedAgainst {
  /** Null for the first version. */
  readonly champion: Version | null;
  /** Another version than the champion, or null. */
  readonly anchor: Version | null;
}

export interface Workshop {
  readonly past: Past;
  readonly trainings: Trainings;
  /** One object a model file, shared by all policies, so that rows are scored once. */
  readonly scored: (trained: Trained) => ScoredVersion;
}

export function openWorkshop(past: Past, trainings: Trainings): Workshop {
  const known = new Map<string, ScoredVersion>();
  const scored = (trained: Trained): ScoredVersion => {
    // the same model may have been fitted on other windows, which decide which rows are clean
    const key = `${trained.key}/${trained.from}/${trained.fitEnd}`;
    const version = known.get(key) ?? new ScoredVersion(past, trained);
    known.set(key, version);
    return version;
  };
  return { past, trainings, scored };
}

export function recipe({ config }: Policy, at: number, part: Recipe['part'], twin: Trained | null = null): Recipe {
  const asOf = new Date(at).toISOString();
  return { config, asOf, part, rounds: twin?.rounds ?? null, calibration: twin?.calibration ?? null };
}

/** One look at a judged candidate, as evaluate and gate of a run take it at `at` (milliseconds). */
export async function look(
  { past }: Workshop,
  policy: Policy,
  order: {
    readonly candidate: Version;
    readonly against: JudgedAgainst;
    readonly at: number;
    readonly trigger: TriggerKind;
    readonly earlier: readonly EarlierLook[];
  },
): Promise<Judgement> {
  const { config } = policy;
  const { candidate, against, at, trigger, earlier } = order;
  const { champion, anchor } = against;
  const compared = [candidate, champion, anchor].flatMap((one) => (one === null ? [] : [one]));
  const fitEnds = compared.map(({ scored }) => scored.trained.fitEnd);
  const from = Date.parse(cleanFrom(fitEnds, durationMs(config.training.split.gap)));
  const to = matureBefore(new Date(at).toISOString(), config.data.label.mature_after);
  const [first, last] = [rowAt(past, Math.min(from, to)), rowAt(past, to)];
  const scoresOf = async (version: Version | null) => (version ? version.scored.scores(first, last) : undefined);
  const [own, championScores, anchorScores] = [
    await candidate.scored.scores(first, last),
    await scoresOf(champion),
    await scoresOf(anchor),
  ];
  const rows = rowsBetween(past, first, last, at);
  const figures = evaluate({
    config,
    rows,
    scores: {
      candidate: own,
      ...(championScores ? { champion: championScores } : {}),
      ...(anchorScores ? { anchor: anchorScores } : {}),
    },
    candidateVersion: candidate.number,
    ...(champion ? { championVersion: champion.number } : {}),
    ...(anchor ? { anchorVersion: anchor.number } : {}),
    baselineRate: candidate.scored.trained.labelMean,
    seed: config.training.seed,
  });
  const looked = { rows, first, candidate: own, champion: championScores };
  const evaluation = { ...figures, ...(await customFigures(past, config, looked)) };
  const gate = judge(evaluation, config, {
    first: champion === null,
    trigger,
    attempt: lookNumber(evaluation.blocks.keys, earlier),
    anchor: anchor?.number ?? null,
  });
  return { evaluation, gate };
}

/** Rows `[first, last)` with their labels as known at `at`. */
export function rowsBetween({ rows, ...past }: Past, first: number, last: number, at: number): EvaluationRows {
  return {
    label: labelsAt({ rows, ...past }, first, last, at),
    eventTime: rows.eventTime.subarray(first, last),
    id: rows.id.slice(first, last),
    entity: rows.entity.slice(first, last),
    slices: Object.fromEntries(Object.entries(rows.slices).map(([name, all]) => [name, all.slice(first, last)])),
  };
}

/** Of a version that was judged: what its later predictions are held against. */
export function holdoutOf({ models, baseline }: EvaluationReport, served: Trained): Holdout | null {
  const { log_loss: loss, roc_auc: auc } = models.candidate.metrics;
  const constant = baseline.metrics.log_loss;
  if (!loss?.estimate || !constant) return null;
  return {
    ...{ skill: 1 - loss.estimate / constant, log_loss: loss.estimate },
    ...{ roc_auc: auc?.estimate ?? null, baselineRate: served.labelMean },
  };
}

/** Whether a refit may stand for its judged twin. */
export async function agreement(
  { past }: Workshop,
  judged: Version,
  { refit, scored, at }: { readonly refit: Trained; readonly scored: ScoredVersion; readonly at: number },
) {
  const first = rowAt(past, Date.parse(judged.scored.trained.fitEnd));
  const last = rowAt(past, Date.parse(refit.fitEnd));
  const [one, other] = [await judged.scored.scores(first, last), await scored.scores(first, last)];
  const { label, eventTime } = rowsBetween(past, first, last, at);
  return compareTwins(past.config.task, { judged: one, refit: other, label, eventTime });
}
