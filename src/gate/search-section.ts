/** The trials of a search as people read them: what each was given that the others were not, and what it reached. */
import type { ModelSearch, TrialRecord } from '../training/search/contract.ts';
import type { Section } from './sections.ts';

/** In a list of trials every value is told apart by this many decimals. */
const DECIMALS = 5;

export function searchSections(search: ModelSearch | undefined): Section[] {
  if (!search) return [];
  const failures = search.trials.flatMap(({ name, failed, same_as }) =>
    failed === undefined || same_as !== undefined
      ? []
      : [`Trial ${name} failed: ${failed.length > 300 ? `${failed.slice(0, 300)}…` : failed}`],
  );
  const lines = [
    search.sentence,
    'These rows chose, so the figures flatter the chosen one; others judge it.',
    ...failures,
  ];
  return [{ title: 'Trials', lines, table: trialTable(search) }];
}

export function trialTable(search: ModelSearch): NonNullable<Section['table']> {
  const differing = differingParams(search.trials);
  return {
    head: ['trial', `validation ${search.metric}`, 'parameters that differ'],
    rows: search.trials.map((trial) => [
      trial.name === search.chosen ? `${trial.name} (chosen)` : trial.name,
      reached(trial),
      differing.flatMap((name) => (name in trial.params ? [`${name} ${trial.params[name]}`] : [])).join(', ') || 'none',
    ]),
  };
}

function reached({ value, same_as }: TrialRecord): string {
  const told = value === null ? 'failed' : value.toFixed(DECIMALS);
  return same_as === undefined ? told : `${told}, as ${same_as}`;
}

/** Names of the parameters that are not the same in all trials, in alphabetical order. */
function differingParams(trials: readonly TrialRecord[]): string[] {
  const names = [...new Set(trials.flatMap(({ params }) => Object.keys(params)))].sort();
  return names.filter((name) => new Set(trials.map(({ params }) => params[name])).size > 1);
}
