/** Loads a workspace: `config/hone.yaml` and each model under `config/models`. All problems are told at once. */
import { access, readdir } from 'node:fs/promises';
import { dirname, join, parse, relative, resolve } from 'node:path';
import { crossCheck } from './cross-checks.ts';
import { ConfigInvalid, ModelUnknown, WorkspaceMissing } from './errors.ts';
import { readExtended } from './extends.ts';
import { type HoneConfig, honeConfig } from './hone.ts';
import { completeModelSchema, honeSchema } from './json-schema.ts';
import { type ModelConfig, modelConfig } from './model.ts';
import { nearest } from './nearest.ts';
import { type Place, type Problem, showPath, showPlace, tidy } from './problems.ts';
import { schemaProblems } from './schema-problems.ts';
import { secretProblems } from './secrets.ts';
import { withShipped } from './shipped.ts';
import { inWorkspace } from './temporal.ts';
import { descend, leaves, type MapTree, plain } from './tree.ts';

export const HONE_FILE = 'config/hone.yaml';
export const MODELS_FOLDER = 'config/models';

export interface LoadedModel {
  readonly config: ModelConfig;
  /** Relative to the workspace. */
  readonly file: string;
  /** Where each effective value was written, by its path (`gate.floors.roc_auc`); values as written, before parsing. */
  readonly origins: ReadonlyMap<string, { readonly value: unknown; readonly at: Place }>;
}

export interface Workspace {
  /** Absolute path of the folder that holds `config/`. */
  readonly dir: string;
  readonly hone: HoneConfig;
  readonly models: ReadonlyMap<string, LoadedModel>;
}

/**
 * @throws WorkspaceMissing where there is no `config/hone.yaml`
 * @throws ConfigInvalid with every problem of every file
 */
export async function loadWorkspace(dir: string): Promise<Workspace> {
  const root = resolve(dir);
  await access(join(root, HONE_FILE)).catch(() => {
    throw new WorkspaceMissing(root);
  });
  const { hone, problems } = await loadHone(root);
  const models = await Promise.all((await modelFiles(root)).map((file) => loadModel(root, file, hone)));
  const all = tidy([...problems, ...models.flatMap((model) => model.problems), ...sharedNames(models)]);
  if (all.length > 0 || hone === undefined) throw new ConfigInvalid(all);
  const loaded = models.flatMap(({ model }) => (model === undefined ? [] : [[model.config.model, model] as const]));
  return { dir: root, hone, models: new Map(loaded) };
}

/** The folder with `config/hone.yaml`, from here upwards. @throws WorkspaceMissing */
export async function findWorkspace(from: string): Promise<string> {
  for (let dir = resolve(from); ; dir = dirname(dir)) {
    const found = await access(join(dir, HONE_FILE)).then(
      () => true,
      () => false,
    );
    if (found) return dir;
    if (dirname(dir) === dir) throw new WorkspaceMissing(resolve(from));
  }
}

/** @throws ModelUnknown, naming the nearest one */
export function modelOf(workspace: Workspace, name: string): LoadedModel {
  const model = workspace.models.get(name);
  if (model !== undefined) return model;
  const known = [...workspace.models.keys()];
  throw new ModelUnknown(name, known, nearest(name, known));
}

/**
 * A model file anywhere, checked without `config/hone.yaml`.
 *
 * @throws ConfigInvalid with every problem of the file and of those it extends
 */
export async function loadModelFile(path: string): Promise<LoadedModel> {
  const full = resolve(path);
  const { root } = parse(full);
  const { model, problems } = await loadModel(root, relative(root, full), undefined);
  if (model === undefined || problems.length > 0) {
    throw new ConfigInvalid(tidy(problems.map((problem) => ({ ...problem, file: join(root, problem.file) }))));
  }
  return model;
}

async function modelFiles(root: string): Promise<string[]> {
  const names = await readdir(join(root, MODELS_FOLDER)).catch(() => []);
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => `${MODELS_FOLDER}/${name}`);
}

async function loadHone(root: string): Promise<{ hone: HoneConfig | undefined; problems: Problem[] }> {
  const { tree, problems } = await readExtended(root, HONE_FILE);
  if (tree === undefined) return { hone: undefined, problems };
  const parsed = honeConfig.safeParse(plain(tree));
  const found = parsed.success ? [] : schemaProblems(tree, honeSchema, parsed.error.issues);
  const hone = parsed.data && { ...parsed.data, temporal: inWorkspace(root, parsed.data.temporal) };
  return { hone, problems: [...problems, ...secretProblems(tree), ...found] };
}

interface Attempt {
  readonly model?: LoadedModel;
  /** The name as written, even where the rest is not valid. */
  readonly named?: { readonly name: string; readonly at: Place };
  readonly problems: Problem[];
}

async function loadModel(root: string, file: string, hone: HoneConfig | undefined): Promise<Attempt> {
  const { tree: written, problems } = await readExtended(root, file);
  if (written === undefined) return { problems };
  const tree = withShipped(written);
  const named = nameOf(tree);
  const parsed = modelConfig.safeParse(plain(tree));
  if (!parsed.success) {
    const found = schemaProblems(tree, completeModelSchema, parsed.error.issues);
    return { ...named, problems: [...problems, ...secretProblems(tree), ...found] };
  }
  const complaints = crossCheck(parsed.data, hone).map(({ path, ...rest }) => ({
    ...descend(tree, path).node.at,
    path: showPath(path),
    ...rest,
  }));
  const origins = new Map([...leaves(tree)].map(({ path, value, at }) => [showPath(path), { value, at }]));
  return {
    model: { config: parsed.data, file, origins },
    ...named,
    problems: [...problems, ...secretProblems(tree), ...complaints],
  };
}

function nameOf(tree: MapTree): Pick<Attempt, 'named'> {
  const node = tree.entries.get('model');
  if (node?.kind !== 'scalar' || typeof node.value !== 'string') return {};
  return { named: { name: node.value.normalize('NFKC').toLowerCase(), at: node.at } };
}

/** Keys, workflow ids and routes carry the model's name: two files with one name would overwrite each other. */
function sharedNames(models: readonly Attempt[]): Problem[] {
  const first = new Map<string, Place>();
  return models.flatMap(({ named }): Problem[] => {
    if (named === undefined) return [];
    const earlier = first.get(named.name);
    first.set(named.name, earlier ?? named.at);
    if (earlier === undefined) return [];
    return [
      {
        ...named.at,
        path: 'model',
        message: `the name ${named.name} is already taken by ${showPlace(earlier)}`,
        hint: 'a name belongs to one file',
      },
    ];
  });
}
