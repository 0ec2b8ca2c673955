/** From replays to the report: figures, costs, triggers that were for nothing, and the recommendation. */
import { byMetric, METRICS } from '../evaluation/metrics.ts';
import type { Interval } from '../statistics/contract.ts';
import { type BacktestReport, backtestReport, type PolicyResult } from './contract.ts';
import { compareByWeek, improvementByDay, reportedMetrics, type ScoredPast } from './figures.ts';
import { limitsOf } from './limits.ts';
import { monthsOf } from './monthly.ts';
import { labelsAt, type Past, rowAt } from './past.ts';
import { recommend } from './recommend.ts';
import type { Replay, ReplayedRun } from './replay.ts';

/** So long after a run its candidate and the version before it are held against each other. */
const AFTERWARDS_MS = 28 * 86_400_000;
const DAY = 86_400_000;

export async function reportOf(past: Past, replays: readonly Replay[], shift: string | null): Promise<BacktestReport> {
  const { config } = past;
  const metrics = reportedMetrics(config);
  const [from, to] = [Date.parse(past.from), Date.parse(past.to)];
  const [begin, end] = [rowAt(past, from), rowAt(past, to)];
  const scored = labelledRows(past, begin, end, replays);
  const found = metrics.map((metric) => ({ metric, ...compareByWeek(config, scored, metric) }));

  const policies: PolicyResult[] = [];
  for (const [i, replay] of replays.entries()) {
    const { policy, trained } = replay;
    const year = { ...scored, scores: scored.scores[i] ?? new Float64Array(0) };
    const months = monthsOf(config, year, metrics);
    const runs = await Promise.all(replay.runs.map((one) => runOf(past, one, to)));
    const triggered = runs.filter(({ trigger }) => trigger !== 'schedule');
    const judged = triggered.filter(({ shown_better: better }) => better !== null);
    const ended = (...outcomes: ReplayedRun['outcome'][]) => runs.filter(({ outcome }) => outcomes.includes(outcome));
    const of = (kind: 'pooled' | 'meanMonth') =>
      byMetric(
        metrics,
        found.map(({ policies: all }) => all[i]?.[kind] as Interval),
      );
    policies.push({
      ...{ name: policy.name, about: policy.about, gate: policy.gate, every: policy.every },
      ...{ approval_delay: policy.approvalDelay, training_time: policy.trainingTime },
      trainings: runs.length,
      models_trained: trained.length,
      trainer_cpu_seconds: Math.round(trained.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) * 100) / 100,
      promotions: ended('promoted').length,
      rejections: ended('rejected_by_gate', 'failed').length,
      undecided: ended('inconclusive', 'unfinished').length,
      skipped: { triggers: replay.skipped.length, last: replay.skipped.at(-1) ?? null },
      people_asked: runs.filter((run) => run.person_asked).length,
      false_triggers: {
        ...{ triggered: triggered.length, judged: judged.length },
        false: judged.filter(({ shown_better: better }) => better === false).length,
      },
      after_shift: shift === null ? null : afterShift(replay.runs, Date.parse(shift)),
      ...{ pooled: of('pooled'), mean_month: of('meanMonth'), worst_month: worstOf(metrics, months) },
      ...{ months, runs },
    });
  }
  const contenders = replays.map(({ policy, runs }) => ({
    name: policy.name,
    gate: policy.gate,
    trainedAt: runs.map(({ asOf }) => asOf),
  }));
  return backtestReport.parse({
    contract: 1,
    ...{ model: config.model, from: iso(from), to: iso(to), shift },
    ...{ rows: end - begin, labelled: scored.label.length, primary: config.gate.primary, metrics },
    policies,
    comparisons: found.flatMap(({ metric, pairs }) =>
      pairs.map(({ pair: [i, j], improvement }) => ({
        ...{ policy: replays[i]?.policy.name ?? '', against: replays[j]?.policy.name ?? '', metric, improvement },
      })),
    ),
    recommendation: recommend(config, contenders, scored, { from, to }),
    limits: limitsOf(
      config,
      replays.map(({ policy }) => policy),
    ),
  } satisfies BacktestReport);
}

/** Rows of the replayed time that have a label by now. */
function labelledRows(past: Past, begin: number, end: number, replays: readonly Replay[]): ScoredPast {
  const labels = labelsAt(past, begin, end, Number.MAX_VALUE);
  const rows = [...labels.keys()].filter((i) => Number.isFinite(labels[i]));
  const take = (values: Float64Array, offset = 0) => Float64Array.from(rows, (i) => values[offset + i] ?? Number.NaN);
  return {
    label: take(labels),
    eventTime: take(past.rows.eventTime, begin),
    scores: replays.map(({ scores }) => take(scores)),
  };
}

/** Rows after a run's start are clean for both: neither was fitted on them. */
async function runOf(past: Past, run: ReplayedRun, to: number): Promise<PolicyResult['runs'][number]> {
  const { config } = past;
  const [first, last] = [rowAt(past, run.asOf), rowAt(past, Math.min(run.asOf + AFTERWARDS_MS, to))];
  const labels = labelsAt(past, first, last, Number.MAX_VALUE);
  const rows = [...labels.keys()].filter((i) => Number.isFinite(labels[i]));
  const take = (values: Float64Array) => Float64Array.from(rows, (i) => values[i] ?? Number.NaN);
  const [own, other] = [await run.candidate.scored.scores(first, last), await run.before.scored.scores(first, last)];
  const enough = rows.length >= config.gate.uncertainty.min_rows;
  const judged = { label: take(labels), eventTime: take(past.rows.eventTime.subarray(first, last)) };
  const afterwards = enough ? improvementByDay(config, judged, { own: take(own), other: take(other) }) : null;
  return {
    ...{ run: run.run, trigger: run.trigger, reason: run.reason, as_of: iso(run.asOf), outcome: run.outcome },
    ...{ sentence: run.sentence, person_asked: run.personAsked, afterwards },
    live_from: run.liveFrom === null ? null : iso(run.liveFrom),
    shown_better: afterwards?.lower == null ? null : afterwards.lower > 0,
  };
}

function afterShift(runs: readonly ReplayedRun[], shift: number): NonNullable<PolicyResult['after_shift']> {
  const days = (at: number | null | undefined) => (at == null ? null : (at - shift) / DAY);
  const later = runs.filter(({ asOf }) => asOf >= shift);
  return {
    triggered_after_days: days(later.find(({ trigger }) => trigger !== 'schedule')?.asOf),
    renewed_after_days: days(later.find(({ liveFrom }) => liveFrom !== null)?.liveFrom),
  };
}

function worstOf(metrics: BacktestReport['metrics'], months: PolicyResult['months']): PolicyResult['worst_month'] {
  const worst: PolicyResult['worst_month'] = {};
  for (const metric of metrics) {
    const { direction } = METRICS[metric];
    const values = months.flatMap(({ month, metrics: all }) => {
      const value = all[metric]?.estimate;
      return value == null ? [] : [{ month, value }];
    });
    const [lowest] = values.sort((a, b) => direction * (a.value - b.value));
    if (lowest) worst[metric] = lowest;
  }
  return worst;
}

const iso = (ms: number) => new Date(ms).toISOString();
