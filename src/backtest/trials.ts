/** What a replayed run trains: one recipe, or with `training.search` every trial and the choice among them. */
import { HoneError } from '../errors.ts';
import { windowGeometry } from '../evaluation/geometry.ts';
import { METRICS } from '../evaluation/metrics.ts';
import { figureOn } from '../evaluation/validation-metric.ts';
import { SearchFoundNothing } from '../training/errors.ts';
import type { TrialRecord } from '../training/search/contract.ts';
import { chooseTrial, searchMetric, type Trial, trialsOf } from '../training/search/trials.ts';
import { rowsBetween, type Workshop } from './candidates.ts';
import { rowAt } from './past.ts';
import type { Recipe, Trained } from './trainings.ts';

/**
 * A trial is chosen on the validation rows of its time, with their labels as they were known then; a refit takes the
 * parameters of its judged twin. Without a twin, as where there is no gate, the trials choose the parameters all the same.
 *
 * @param twin what was judged, for a refit
 * @returns the model, and every model file that was trained on the way
 * @throws SearchFoundNothing; what a trainer throws
 */
export async function trainOrSearch(
  workshop: Workshop,
  recipe: Recipe,
  twin: Trained | null,
): Promise<{ readonly made: Trained; readonly all: readonly Trained[] }> {
  const trials = trialsOf(recipe.config).filter(({ sameAs }) => sameAs === undefined);
  if (trials.length === 0 || twin) {
    const made = await workshop.trainings.train(twin ? withParams(recipe, twin.params) : recipe);
    return { made, all: [made] };
  }
  const judged: Recipe = { ...recipe, part: 'judged' };
  const tried = await Promise.all(trials.map((trial) => tryOne(workshop, judged, trial)));
  const metric = searchMetric(recipe.config);
  const better = METRICS[metric].direction === 1 ? 'higher' : 'lower';
  const records = tried.map(({ record }) => record);
  const { chosen } = chooseTrial({ metric, better, rows: null, trials: records });
  const best = tried.find(({ record }) => record.name === chosen)?.made;
  if (!best) throw new SearchFoundNothing('this replay', records);
  const all = tried.flatMap(({ made }) => made ?? []);
  if (recipe.part === 'judged') return { made: best, all };
  const made = await workshop.trainings.train(withParams(recipe, best.params));
  return { made, all: [...all, made] };
}

async function tryOne(workshop: Workshop, recipe: Recipe, { name, params }: Trial) {
  const { past } = workshop;
  const base = { name, params, seed: recipe.config.training.seed, digest: null };
  try {
    const made = await workshop.trainings.train(withParams(recipe, params));
    const { validation } = windowGeometry(recipe.config, recipe.asOf, past.earliest);
    const [first, last] = [rowAt(past, Date.parse(validation.from)), rowAt(past, Date.parse(validation.to))];
    const rows = rowsBetween(past, first, last, Date.parse(recipe.asOf));
    const scores = await workshop.scored(made).scores(first, last);
    const { value } = figureOn(recipe.config, searchMetric(recipe.config), made.signature, rows, scores);
    return { record: { ...base, value } satisfies TrialRecord, made };
  } catch (error) {
    past.signal?.throwIfAborted();
    if (!(error instanceof HoneError)) throw error;
    return { record: { ...base, value: null, failed: error.message } satisfies TrialRecord, made: null };
  }
}

function withParams(recipe: Recipe, params: Trial['params']): Recipe {
  return { ...recipe, config: { ...recipe.config, training: { ...recipe.config.training, params } } };
}
