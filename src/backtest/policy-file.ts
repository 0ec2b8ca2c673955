/** Reads a policy file: what a policy changes of a model file, and how long people and training take. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { crossCheck } from '../config/cross-checks.ts';
import { ConfigInvalid } from '../config/errors.ts';
import { readExtended } from '../config/extends.ts';
import { completeModelSchema, type JsonSchema } from '../config/json-schema.ts';
import { modelConfig } from '../config/model.ts';
import { type Problem, showPath, tidy } from '../config/problems.ts';
import { schemaProblems } from '../config/schema-problems.ts';
import { withShipped } from '../config/shipped.ts';
import { descend, type MapTree, merge, plain } from '../config/tree.ts';
import { duration, slug } from '../config/values.ts';
import { readYaml } from '../config/yaml-file.ts';
import { PolicyFileMissing } from './errors.ts';
import { defaultDelays, type Policy } from './policy.ts';

/** What stands under `triggers` and `training.window` is checked as part of the model file that it changes. */
const anything = z.record(z.string(), z.unknown());

const policyFile = z.strictObject({
  policy: slug,
  about: z.string().max(200).optional(),
  every: duration.optional(),
  gate: z.enum(['on', 'off']).optional(),
  approval_delay: duration.optional(),
  training_time: duration.optional(),
  triggers: anything.optional(),
  training: z.strictObject({ window: anything }).optional(),
});

const policySchema = z.toJSONSchema(policyFile, { io: 'input', unrepresentable: 'any' }) as JsonSchema;

export interface PolicyRequest {
  /** The workspace, and the model's file relative to it. */
  readonly dir: string;
  readonly modelFile: string;
  /** As the person named it. */
  readonly path: string;
  readonly cwd: string;
}

/**
 * Merged over the model file key by key, as `extends` does it.
 *
 * @throws PolicyFileMissing; ConfigInvalid with every problem, at its line of the policy file
 */
export async function readPolicyFile({ dir, modelFile, path, cwd }: PolicyRequest): Promise<Policy> {
  const text = await readFile(resolve(cwd, path), 'utf8').catch((error: unknown) => {
    throw new PolicyFileMissing(path, (error as Error).message);
  });
  const { tree, problems } = readYaml(path, text);
  if (tree === undefined) throw new ConfigInvalid(problems);
  const read = policyFile.safeParse(plain(tree));
  const found = read.success ? [] : schemaProblems(tree, policySchema, read.error.issues);
  if (!read.success || problems.length > 0) throw new ConfigInvalid(tidy([...problems, ...found]));

  const model = await readExtended(dir, modelFile);
  if (model.tree === undefined) throw new ConfigInvalid(model.problems);
  const changed = merge(withShipped(model.tree), only(tree, ['triggers', 'training'])) as MapTree;
  const config = modelConfig.safeParse(plain(changed));
  if (!config.success) throw new ConfigInvalid(tidy(schemaProblems(changed, completeModelSchema, config.error.issues)));
  const complaints = crossCheck(config.data, undefined).map(
    ({ path: at, ...rest }): Problem => ({ ...descend(changed, at).node.at, path: showPath(at), ...rest }),
  );
  const own = tidy(complaints).filter(({ file }) => file === path);
  if (own.length > 0) throw new ConfigInvalid(own);

  const { policy, about, every, gate, approval_delay: approval, training_time: time } = read.data;
  return {
    name: policy,
    about: about ?? path,
    config: config.data,
    every: every ?? null,
    gate: gate !== 'off',
    approvalDelay: approval ?? defaultDelays.approvalDelay,
    trainingTime: time ?? defaultDelays.trainingTime,
  };
}

function only(tree: MapTree, keys: readonly string[]): MapTree {
  return { ...tree, entries: new Map([...tree.entries].filter(([key]) => keys.includes(key))) };
}
