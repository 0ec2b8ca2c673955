/** What the names of features must hold, whoever wrote the definition: no repeats, no leaks, no stray categories. */
import type { ModelConfig } from '../../config/model.ts';
import type { FeatureColumn } from './definition.ts';
import { FeatureDefinitionInvalid } from './errors.ts';

/** @throws FeatureDefinitionInvalid */
export function checkDefinition(
  config: ModelConfig,
  columns: readonly FeatureColumn[],
  hidden: readonly string[],
): void {
  const seen = new Set<string>();
  const secret = new Set(hidden.map((name) => name.toLowerCase()));
  for (const { name } of columns) {
    if (name.startsWith('_')) {
      throw new FeatureDefinitionInvalid(
        config.model,
        name,
        'starts with an underscore, which is kept for hone',
        'Give it another name.',
      );
    }
    if (seen.has(name.toLowerCase())) {
      throw new FeatureDefinitionInvalid(
        config.model,
        name,
        'stands twice in features (capitals do not count)',
        'Remove it from features.use, or give it another name.',
      );
    }
    if (secret.has(name.toLowerCase())) {
      throw new FeatureDefinitionInvalid(
        config.model,
        name,
        'is the label, its time or an outcome: known only afterwards, so it would leak the answer',
        'Remove it from features.',
      );
    }
    seen.add(name.toLowerCase());
  }
  const names = new Set(columns.map(({ name }) => name));
  const stray = config.features.categories.columns.find((name) => !names.has(name));
  if (stray !== undefined) {
    throw new FeatureDefinitionInvalid(
      config.model,
      stray,
      'is listed under features.categories.columns but is no feature',
      'Add it to features.use, features.sql or features.windows, or remove it from the list.',
    );
  }
}
