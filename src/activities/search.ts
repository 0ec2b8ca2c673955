/** Stage train with `training.search`: one trial a configuration, then the choice among them on the validation rows. */
import type { SnapshotRef } from '../data/contract.ts';
import { METRICS } from '../evaluation/metrics.ts';
import { getDocument } from '../store/content.ts';
import { SearchFoundNothing } from '../training/errors.ts';
import type { TrialRecord } from '../training/search/contract.ts';
import { keepSearch } from '../training/search/kept.ts';
import { chooseTrial, searchMetric, trialsOf } from '../training/search/trials.ts';
import type { RunRef, TrialOutcome } from '../workflows/contract.ts';
import { activity } from './boundary.ts';
import { configOf, type Deps } from './deps.ts';
import { type Trained, type TrainedModel, trainedModel, trainOnce } from './train.ts';

export const searchActivities = (deps: Deps) => ({
  /** Trains one configuration by its name; trials with the same parameters share one training. */
  trial: activity(
    deps,
    async (work, run: RunRef, order: { rows: SnapshotRef; trial: string }): Promise<TrialOutcome> => {
      const { model } = await configOf(deps, run.config);
      const params = trialsOf(model).find(({ name }) => name === order.trial)?.params;
      if (!params) throw new RangeError(`the configuration of ${run.run} has no trial ${order.trial}`);
      const recipe = { rounds: null, calibration: null, params };
      const { key } = await trainOnce(deps, work, run, order.rows, recipe, order.trial);
      return { trial: order.trial, key, failed: null };
    },
  ),

  /** Keeps every trial with the run, the failed ones too. */
  chooseTrial: activity(
    deps,
    async (work, run: RunRef, outcomes: readonly TrialOutcome[]): Promise<{ trained: Trained; sentence: string }> => {
      const { model } = await configOf(deps, run.config);
      const metric = searchMetric(model);
      const found = new Map<string, { readonly outcome: TrialOutcome; readonly made: TrainedModel | null }>();
      for (const outcome of outcomes) {
        const made = outcome.key === null ? null : await getDocument(deps.store, outcome.key, trainedModel);
        found.set(outcome.trial, { outcome, made });
      }
      const trials = trialsOf(model).map(({ name, params, sameAs }): TrialRecord => {
        const { outcome, made } = found.get(sameAs ?? name) ?? {};
        const value = made?.validation?.value ?? null;
        const failed = outcome?.failed ?? (value === null ? `${metric} is undefined on the validation rows` : null);
        return {
          ...{ name, params, seed: model.training.seed, value, digest: made?.files[0]?.sha256 ?? null },
          ...(failed === null ? {} : { failed }),
          ...(sameAs === undefined ? {} : { same_as: sameAs }),
        };
      });
      const rows = [...found.values()].flatMap(({ made }) => made?.validation?.rows ?? [])[0] ?? null;
      const better = METRICS[metric].direction === 1 ? 'higher' : 'lower';
      const search = chooseTrial({ metric, better, rows, trials });
      await keepSearch(deps.store, run.model, run.run, search);
      const winner = found.get(search.chosen ?? '');
      if (!winner?.made || !winner.outcome.key) throw new SearchFoundNothing(run.run, trials);
      work.log.info({ trials: trials.length, chosen: search.chosen }, search.sentence);
      return { trained: { key: winner.outcome.key, metrics: winner.made.metrics }, sentence: search.sentence };
    },
  ),
});
