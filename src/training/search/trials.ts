/** The configurations of `training.search` as trials, and which of them becomes the candidate. */
import type { MetricName, ModelConfig } from '../../config/model.ts';
import { count } from '../../numbers.ts';
import { digestOf } from '../../store/content.ts';
import type { ModelSearch, TrialRecord } from './contract.ts';

export interface Trial {
  readonly name: string;
  readonly params: ModelConfig['training']['params'];
  /** The first trial of the list with the same parameters; absent for a trial of its own. */
  readonly sameAs?: string;
}

/** In the order of the file; empty where there is no search. */
export function trialsOf({ training }: ModelConfig): Trial[] {
  const first = new Map<string, string>();
  return training.search.configurations.map((one, i) => {
    const name = one.name ?? String(i + 1);
    const params = { ...training.params, ...one.params };
    const recipe = digestOf(params);
    const sameAs = first.get(recipe);
    if (sameAs !== undefined) return { name, params, sameAs };
    first.set(recipe, name);
    return { name, params };
  });
}

/** The metric that trials are chosen by. */
export function searchMetric({ training, gate }: ModelConfig): MetricName {
  return training.search.metric === 'primary' ? gate.primary : training.search.metric;
}

/**
 * The best value; of equal ones the trial that stands first in the file. A trial without a value is never chosen.
 *
 * @param search without what is decided here
 */
export function chooseTrial(search: Omit<ModelSearch, 'chosen' | 'sentence'>): ModelSearch {
  const { metric, better, rows, trials } = search;
  const isBetter = (a: number, b: number) => (better === 'higher' ? a > b : a < b);
  let best: TrialRecord | undefined;
  for (const trial of trials) {
    if (trial.value === null || trial.same_as !== undefined) continue;
    if (best === undefined || best.value === null || isBetter(trial.value, best.value)) best = trial;
  }
  const failed = trials.filter((one) => one.failed !== undefined).length;
  const also = failed === 0 ? '' : ` ${failed} of them failed.`;
  const sentence =
    best === undefined
      ? `None of ${trials.length} trials could be chosen.`
      : `Chosen among ${trials.length} trials: ${best.name}, by ${metric} on ${count(rows ?? 0)} validation rows.${also}`;
  return { ...search, chosen: best?.name ?? null, sentence };
}
