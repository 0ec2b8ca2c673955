/** Metrics must fit the task, and a comparison needs a margin. */
import type { MetricName, Task } from '../model.ts';
import type { Check, Complaint } from './check.ts';

const REGRESSION: readonly MetricName[] = ['root_mean_squared_error', 'mean_absolute_error', 'r2_score'];
const MULTICLASS: readonly MetricName[] = ['log_loss', 'accuracy_score', 'roc_auc'];

function fits(metric: MetricName, task: Task): boolean {
  if (task === 'regression') return REGRESSION.includes(metric);
  return task === 'multiclass' ? MULTICLASS.includes(metric) : !REGRESSION.includes(metric);
}

export const metricsFitTask: Check = ({ task, gate }) => {
  const named = [
    [['gate', 'primary'], gate.primary] as const,
    ...Object.keys(gate.champion.margin).map((name) => [['gate', 'champion', 'margin', name], name] as const),
    ...Object.keys(gate.floors).map((name) => [['gate', 'floors', name], name] as const),
    ...Object.keys(gate.slices.margin).map((name) => [['gate', 'slices', 'margin', name], name] as const),
  ];
  return named.flatMap(([path, metric]): Complaint[] =>
    fits(metric as MetricName, task) ? [] : [{ path, message: `${metric} is no metric of a ${task} task` }],
  );
};

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
