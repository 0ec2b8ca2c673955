/** `node.mjs` of a bundle: needs `onnxruntime-node`, and `@duckdb/node-api` where a feature is an SQL expression. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { EmbeddedBundle } from '../contract.ts';
import { type Evaluate, Predictor, type RunModel } from './predictor.ts';

/**
 * @param folder of the bundle; this file's own by default
 * @throws Error where a file is not the one that was exported, or answers differ from the server's
 */
export async function open(folder: URL = new URL('.', import.meta.url)): Promise<Predictor> {
  const bundle = JSON.parse(await readFile(new URL('bundle.json', folder), 'utf8')) as EmbeddedBundle;
  const model = await readFile(new URL('model.onnx', folder));
  const known = bundle.files.find(({ name }) => name === 'model.onnx');
  const found = createHash('sha256').update(model).digest('hex');
  if (found !== known?.sha256)
    throw new Error(`model.onnx has sha256 ${found}, not ${known?.sha256}. Export it again.`);
  return await Predictor.open(bundle, await runner(bundle, model), await evaluator(bundle));
}

async function runner({ signature }: EmbeddedBundle, model: Uint8Array): Promise<RunModel> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(model, {
    ...{ intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential', executionProviders: ['cpu'] },
  });
  return async ({ rows, numeric, categorical }) => {
    const feeds: Record<string, InstanceType<typeof Tensor>> = {};
    if (signature.numeric.length > 0) feeds['num'] = new Tensor('float32', numeric, [rows, signature.numeric.length]);
    categorical.forEach((column, i) => {
      feeds[`cat_${i}`] = new Tensor('string', [...column], [rows, 1]);
    });
    const answer = await session.run(feeds, [signature.output]);
    return answer[signature.output]?.data as Float32Array;
  };
}

async function evaluator({ features }: EmbeddedBundle): Promise<Evaluate | null> {
  if (features.statement === null) return null;
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const db = await (await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '256MB' })).connect();
  await db.run("SET TimeZone = 'UTC'");
  await db.run('SET enable_external_access = false');
  return async (sql, json) => {
    const statement = await db.prepare(sql);
    try {
      statement.bindVarchar(1, json);
      return (await statement.runAndReadAll()).getColumns();
    } finally {
      statement.destroySync();
    }
  };
}
