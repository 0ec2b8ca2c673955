/** What an approver should know of the rows that a version was trained on, one sentence each. */
import { cautionSentence, cautionsOf } from '../config/cautions.ts';
import type { ModelConfig } from '../config/model.ts';
import { keptTrainingWindow } from '../data/features/training-window.ts';
import type { RunRef } from '../workflows/contract.ts';
import type { Deps } from './deps.ts';

export async function trainingNotes(deps: Deps, run: RunRef, config: ModelConfig): Promise<string[]> {
  const chosen = await keptTrainingWindow(deps.store, run.model, run.run);
  const { decay } = config.training.window;
  return [
    ...(chosen ? [chosen.sentence] : []),
    ...(decay
      ? [`Training rows count half as much for every ${decay.half_life} of age; judged rows count alike.`]
      : []),
    ...cautionsOf(config).map(cautionSentence),
  ];
}
