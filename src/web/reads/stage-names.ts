/** Names of the stages of a run that tell the second of a kind from the first. */

/** The same recipe is trained again after the gate; whatever else comes again is counted. */
export function stageNames(stages: readonly { readonly stage: string }[]): string[] {
  const seen = new Map<string, number>();
  return stages.map(({ stage }) => {
    const before = seen.get(stage) ?? 0;
    seen.set(stage, before + 1);
    if (before === 0) return stage;
    return stage === 'train' && seen.has('gate') ? 'train, full refit' : `${stage}, ${before + 1}. time`;
  });
}
