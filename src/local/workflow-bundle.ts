/** The workflow code as one bundle, made once per state of the sources and kept: a restarted worker is up at once. */
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type Logger } from '@temporalio/worker';

const source = fileURLToPath(new URL('..', import.meta.url));
const workflowsPath = join(source, 'workflows', 'index.ts');
/** Only inside workflows: activities may fail on bytes that they cannot read, a workflow may not. */
const payloadConverterPath = join(source, 'workflows', 'payload-converter.ts');

const silent: Logger = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** @returns path of the bundle for `workflowBundle: { codePath }` */
export async function workflowBundle(cacheDir: string): Promise<string> {
  const folder = join(cacheDir, 'workflow-bundles');
  const path = join(folder, `${await digestOfSources()}.js`);
  try {
    await readFile(path);
    return path;
  } catch {
    const { code } = await bundleWorkflowCode({ workflowsPath, payloadConverterPath, logger: silent });
    await mkdir(folder, { recursive: true });
    const aside = `${path}.${randomUUID()}`;
    await writeFile(aside, code);
    await rename(aside, path);
    return path;
  }
}

/** The same code, the same name; 24 hexadecimal digits. */
export async function digestOfSources(): Promise<string> {
  const hash = createHash('sha256').update(createRequire(import.meta.url)('@temporalio/workflow/package.json').version);
  const names = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  for (const name of names.sort()) hash.update(name).update(await readFile(join(source, name)));
  return hash.digest('hex').slice(0, 24);
}
