/** How badly each inferred rule is taken: as `data.checks` says, else as in `config/defaults.yaml` (a test holds both equal). */
import type { ModelConfig } from '../../config/model.ts';
import type { Grade, InferredRule } from '../../config/sections/rules.ts';

/** For configurations that were stored before there were grades. */
export const USUAL_GRADES: Readonly<Record<InferredRule, Grade>> = {
  id_missing: 'reject',
  event_time_missing: 'quarantine',
  future_event: 'reject',
  prehistoric_event: 'reject',
  future_label: 'reject',
  label_before_event: 'warn',
  label_without_time: 'warn',
  not_finite: 'warn',
  inexact_integer: 'warn',
  conflicting_labels: 'warn',
  repeated_content: 'warn',
  extra_column: 'warn',
  all_null: 'reject',
  constant: 'warn',
  cardinality: 'warn',
  label_coverage: 'warn',
  stale: 'reject',
  gap: 'warn',
  missing_shift: 'warn',
  new_categories: 'warn',
  level_jump: 'warn',
  label_rate: 'warn',
  flood: 'warn',
  label_copy: 'reject',
  predicts_label: 'reject',
  outcome_copy: 'reject',
  shared_rows: 'warn',
  newer_than_event: 'warn',
};

export function gradeOf(config: ModelConfig, rule: InferredRule): Grade {
  return config.data.checks?.[rule] ?? USUAL_GRADES[rule];
}

/** The grade of a rule about a whole column or table; null where it is off. */
export function wholeGradeOf(config: ModelConfig, rule: InferredRule): 'reject' | 'warn' | null {
  const grade = gradeOf(config, rule);
  return grade === 'reject' || grade === 'warn' ? grade : null;
}
