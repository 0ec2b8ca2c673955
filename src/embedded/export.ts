/** A version as a folder of files that another program loads: model, features, golden rows, lineage, loaders. */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engineVersion } from '../data/engine.ts';
import type { FeatureDefinition } from '../data/features/definition.ts';
import { OnlineFeatures } from '../data/features/online.ts';
import { readVersion } from '../registry/versions.ts';
import { fetchVersion } from '../serving/version-files.ts';
import { digestOf, sha256Of } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { BUNDLE_FILE, type EmbeddedBundle, embeddedBundle } from './contract.ts';
import { ExportFolderTaken, NotEmbeddable } from './errors.ts';
import { probesOf } from './probes.ts';

export interface ExportInput {
  readonly store: ObjectStore;
  readonly model: string;
  readonly version: number;
  /** Becomes the bundle; replaced where it is one already. */
  readonly out: string;
  readonly asOf: string;
  readonly cacheDir: string;
}

const LOADERS = ['node', 'browser'] as const;

/**
 * Written aside and renamed: a folder of that name is a whole bundle or is not there.
 *
 * @throws NotEmbeddable, ExportFolderTaken; whatever refuses the version
 */
export async function exportVersion(input: ExportInput): Promise<EmbeddedBundle> {
  const { store, model, version, out, asOf, cacheDir } = input;
  await refuseTaken(out);
  const { source } = await fetchVersion(store, model, version, cacheDir);
  if (source.lookups !== null)
    throw new NotEmbeddable(
      model,
      version,
      'its features have joins or windows, whose tables are renewed at the server',
    );
  const manifest = await readVersion(store, model, version);
  const features = await OnlineFeatures.open(
    source.served.definition as unknown as FeatureDefinition,
    source.served.raw_types,
  );
  await mkdir(dirname(out), { recursive: true });
  const aside = await mkdtemp(join(dirname(out), '.hone-export-'));
  try {
    const modelBytes = await readFile(source.modelPath);
    const files = [
      { name: 'model.onnx', body: modelBytes },
      ...(await Promise.all(LOADERS.map(async (name) => ({ name: `${name}.mjs`, body: await loader(name) })))),
    ];
    const { run, code, config, data, golden, signature } = manifest;
    const bundle = embeddedBundle.parse({
      contract: 1,
      ...{ model, version, as_of: asOf, signature, golden, threshold: source.served.threshold },
      lineage: { run, code, config, data, manifest: digestOf(manifest) },
      inputs: Object.fromEntries(features.inputs),
      features: features.plan,
      engine: `DuckDB ${engineVersion}`,
      probes: await probesOf(source, features.inputs),
      files: files.map(({ name, body }) => ({ name, sha256: sha256Of(body), bytes: body.length })),
    } satisfies Record<keyof EmbeddedBundle, unknown>);
    for (const { name, body } of files) await writeFile(join(aside, name), body);
    await writeFile(join(aside, BUNDLE_FILE), `${JSON.stringify(bundle, null, 1)}\n`);
    await rm(out, { recursive: true, force: true });
    await rename(aside, out);
    return bundle;
  } finally {
    await features.close();
    await rm(aside, { recursive: true, force: true });
  }
}

/** A bundle of an earlier export may be replaced; nothing else may. */
async function refuseTaken(out: string): Promise<void> {
  const names = await readdir(out).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw new ExportFolderTaken(out);
  });
  if (names.length > 0 && !names.includes(BUNDLE_FILE)) throw new ExportFolderTaken(out);
}

/** The loaders are the server's own code, put into one file each. */
async function loader(name: (typeof LOADERS)[number]): Promise<Buffer> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`./loader/${name}.ts`, import.meta.url))],
    ...{ bundle: true, write: false, format: 'esm', target: 'es2022', legalComments: 'none', logLevel: 'silent' },
    platform: name === 'node' ? 'node' : 'browser',
    external: ['onnxruntime-node', '@duckdb/node-api'],
  });
  return Buffer.from(outputFiles[0]?.contents ?? []);
}
