/**
 * The model file: everything that hone knows about one model, as a person writes it.
 *
 * Every type of a model's configuration is inferred from here. Defaults are not: they live in `config/defaults.yaml`,
 * which each model file extends, so that `hone config explain` can name the origin of each value.
 */
import { z } from 'zod';
import { approval } from './sections/approval.ts';
import { data } from './sections/data.ts';
import { deploy } from './sections/deploy.ts';
import { features } from './sections/features.ts';
import { gate } from './sections/gate.ts';
import { monitoring } from './sections/monitoring.ts';
import { training } from './sections/training.ts';
import { triggers } from './sections/triggers.ts';
import { slug } from './values.ts';

export { type MetricName, metricName } from './sections/gate.ts';
export { type TriggerKind, triggerKind } from './sections/triggers.ts';

/** A model file after `extends` has been resolved: complete, no unknown keys. */
export const modelConfig = z.strictObject({
  model: slug.describe('Name of the model; that of its file.'),
  owner: slug.describe('Group of hone.yaml that answers for it.'),
  tier: z.enum(['standard', 'high']).describe('`high`: a person decides always.'),
  task: z
    .enum(['binary', 'multiclass', 'regression'])
    .describe('What is predicted: two classes, several, or a number.'),
  data: data.describe('Where rows come from, what columns mean, and the rules that they must hold.'),
  features: features.describe('What the model sees.'),
  training: training.describe('How it is trained.'),
  gate: gate.describe('When a candidate may replace the champion.'),
  approval: approval.describe('Who decides, and when nobody has to.'),
  deploy: deploy.describe('Where a version goes and by which steps.'),
  monitoring: monitoring.describe('What is recorded of predictions, and what production is held against.'),
  triggers: triggers.describe('What may start a run, and how often.'),
});

/** What the rest of hone works with: values parsed (margins, shares, windows), durations still ISO 8601 text. */
export type ModelConfig = z.output<typeof modelConfig>;
/** What a person may write. */
export type ModelFile = z.input<typeof modelConfig>;
export type Task = ModelConfig['task'];
