/** What a replay cannot know, in sentences for its reader: first what flatters the figures. */
import type { ModelConfig } from '../config/model.ts';
import type { Policy } from './policy.ts';

export function limitsOf(config: ModelConfig, policies: readonly Policy[]): string[] {
  const { deploy, data, monitoring } = config;
  const ungated = policies.filter(({ gate }) => !gate).map(({ name }) => name);
  const sinceBreak = policies.filter(({ config: { training } }) => training.window.type === 'since_break');
  return [
    'Optimistic: the feedback of decisions on data is not simulated; what a model decided changes neither later rows nor which labels come.',
    'Optimistic: the source is read as it is today, so values that were corrected since are seen corrected, and every delivery passes validation.',
    'Optimistic: a person approves whatever the gate let through, always after the same delay; nobody stops a canary or rolls back.',
    ...(ungated.length === 0
      ? []
      : [
          `Optimistic: ${ungated.join(', ')} ${ungated.length === 1 ? 'has' : 'have'} no gate and no holdout, so newer rows train and nobody is asked; a bad candidate would be served.`,
        ]),
    `Not replayed: probation (${deploy.probation.on_worse}), freezes by hand, events from outside, starts by hand, business figures and prediction servers.`,
    ...(data.selective_labels
      ? [
          'Labels are selective: every figure describes the labelled population only, under the decisions that were really taken.',
        ]
      : []),
    ...(monitoring.references.drift === 'same_period_last_year_else_trailing_healthy'
      ? []
      : ['Not replayed: features that moved are not held against the same weeks last year before they ask for a run.']),
    ...(sinceBreak.length === 0
      ? []
      : [
          `Not replayed: breaks that a person confirms, so ${sinceBreak.map(({ name }) => name).join(', ')} trains on the fallback window.`,
        ]),
    'A run whose candidate is not shown better in the 28 days after it may still have been right: fewer rows show less.',
    'Intervals resample whole weeks (months: days). They hold for this past, not for a change that it did not contain.',
  ];
}
