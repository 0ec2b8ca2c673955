/** Metrics must fit the task, and a comparison needs a margin. */
import type { MetricName, ModelConfig, Task } from '../model.ts';
import type { Check, Complaint } from './check.ts';

const REGRESSION: readonly MetricName[] = [
  'root_mean_squared_error',
  'mean_absolute_error',
  'mean_absolute_percentage_error',
  'r2_score',
];
const AVERAGES: readonly MetricName[] = [
  'precision_macro',
  'precision_weighted',
  'recall_macro',
  'recall_weighted',
  'f1_macro',
  'f1_weighted',
];
const MULTICLASS: readonly MetricName[] = ['roc_auc', 'log_loss', 'brier_score_loss', 'accuracy_score', ...AVERAGES];

function fits(metric: MetricName, task: Task): boolean {
  if (task === 'regression') return REGRESSION.includes(metric);
  if (task === 'multiclass') return MULTICLASS.includes(metric);
  return !REGRESSION.includes(metric) && !AVERAGES.includes(metric);
}

/** What each metric needs under gate.decision. */
const NEEDS: Partial<Record<MetricName, 'alerts_per_day' | 'value'>> = {
  recall_at: 'alerts_per_day',
  business_value: 'value',
};

/** Every place of a model file that names a metric to judge or choose by. */
function namedMetrics({ gate, training }: ModelConfig): (readonly [path: readonly string[], metric: string])[] {
  return [
    [['gate', 'primary'], gate.primary] as const,
    ...Object.keys(gate.champion.margin).map((name) => [['gate', 'champion', 'margin', name], name] as const),
    ...Object.keys(gate.floors).map((name) => [['gate', 'floors', name], name] as const),
    ...(training.search.metric === 'primary'
      ? []
      : [[['training', 'search', 'metric'], training.search.metric] as const]),
    ...Object.keys(gate.slices.margin).map((name) => [['gate', 'slices', 'margin', name], name] as const),
  ];
}

export const metricsFitTask: Check = (config) =>
  namedMetrics(config).flatMap(([path, metric]): Complaint[] =>
    fits(metric as MetricName, config.task)
      ? []
      : [{ path, message: `${metric} is no metric of a ${config.task} task` }],
  );

export const metricsCanJudge: Check = (config) =>
  namedMetrics(config).flatMap(([path, metric]): Complaint[] => {
    const needs = NEEDS[metric as MetricName];
    if (metric === 'expected_calibration_error') {
      const message =
        'expected_calibration_error is shown, never judged: it is biased upward by an amount that depends on the rows';
      return [{ path, message, hint: 'judge calibration by brier_score_loss or log_loss' }];
    }
    if (metric === 'recall_at' && path.includes('slices')) {
      return [
        {
          path,
          message: 'recall_at counts alerts of a whole day, so a slice has none of its own',
          hint: 'use recall_score',
        },
      ];
    }
    if (!needs || config.gate.decision[needs] !== null) return [];
    return [{ path, message: `${metric} needs gate.decision.${needs}`, hint: `write it, or judge by another metric` }];
  });

export const primaryHasMargin: Check = ({ gate: { primary, champion } }) =>
  champion.promote_when === 'non_inferior' && champion.margin[primary] === undefined
    ? [
        {
          path: ['gate', 'champion', 'margin'],
          message: `promote_when: non_inferior needs a margin for ${primary}, the primary metric`,
          hint: `write margin: { ${primary}: 0.01 }, or promote_when: better`,
        },
      ]
    : [];
