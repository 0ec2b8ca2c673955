/** What a new workspace holds: connections, defaults and, where asked for, an example model with its data. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';

const root = fileURLToPath(new URL('../../..', import.meta.url));

interface Example {
  /** Folder of its rows under `examples/`. */
  readonly rows: string;
  /** What is changed in the shipped model file, so that nobody waits for hours. */
  readonly staged: Readonly<Record<string, unknown>>;
}

/** Without requests a canary has nothing to be judged on, and half an hour a step is long in a tour. */
const quick = {
  'deploy.shadow': { bake: 'PT10S', min_requests: 0, max_wait: 'PT10M' },
  'deploy.canary': { steps: [10, 50, 100], bake: 'PT10S', min_requests: 0, max_wait: 'PT10M' },
};
export const EXAMPLES: Readonly<Record<string, Example>> = {
  'flights-delay': { rows: 'flights_nyc_2013/events', staged: quick },
};

/**
 * @param folder absolute; made where it is missing
 * @param example a name of `EXAMPLES`; its rows are of the past, so the workspace goes by a logical clock
 * @returns the files that were written, from the folder
 */
export async function writeWorkspace(folder: string, example: string | undefined): Promise<string[]> {
  await mkdir(join(folder, 'config', 'models'), { recursive: true });
  const hone = parseDocument(await readFile(join(root, 'config', 'hone.yaml'), 'utf8'));
  if (example !== undefined) hone.set('clock', 'logical');
  await writeFile(join(folder, 'config', 'hone.yaml'), hone.toString({ lineWidth: 0 }));
  await cp(join(root, 'config', 'defaults.yaml'), join(folder, 'config', 'defaults.yaml'));
  const files = ['config/hone.yaml', 'config/defaults.yaml'];
  const found = example === undefined ? undefined : EXAMPLES[example];
  if (found === undefined) return files;
  await cp(join(root, 'examples', found.rows), join(folder, 'data'), { recursive: true });
  const model = parseDocument(await readFile(join(root, 'config', 'models', `${example}.yaml`), 'utf8'));
  const changed = { 'data.source.path': 'data/*.parquet', ...found.staged };
  for (const [path, value] of Object.entries(changed))
    model.setIn(path.split('.'), model.createNode(value, { flow: true }));
  const file = `config/models/${example}.yaml`;
  await writeFile(join(folder, file), model.toString({ lineWidth: 0 }));
  return [...files, file, 'data/'];
}
