/** `browser.mjs` of a bundle. The page brings `onnxruntime-web`, and a DuckDB-WASM connection where a feature is SQL. */
import type { EmbeddedBundle } from '../contract.ts';
import { type Evaluate, Predictor, type RunModel } from './predictor.ts';

/** What is used of the module `onnxruntime-web`. */
export interface OnnxRuntimeWeb {
  readonly InferenceSession: {
    create(model: Uint8Array): Promise<{
      run(feeds: Record<string, unknown>, fetches: string[]): Promise<Record<string, { readonly data: unknown }>>;
    }>;
  };
  readonly Tensor: new (type: 'float32' | 'string', data: Float32Array | string[], dims: number[]) => unknown;
}

/** What is used of an `AsyncDuckDBConnection` of `@duckdb/duckdb-wasm`. */
export interface DuckDbWasmConnection {
  query(sql: string): Promise<unknown>;
  prepare(sql: string): Promise<{
    query(parameter: string): Promise<{
      readonly numCols: number;
      getChildAt(i: number): { get(row: number): unknown; readonly length: number } | null;
    }>;
    close(): Promise<void>;
  }>;
}

export interface Parts {
  readonly ort: OnnxRuntimeWeb;
  readonly duckdb?: DuckDbWasmConnection;
  /** Where the bundle lies; beside this file by default. */
  readonly base?: string | URL;
}

/** @throws Error where a file cannot be fetched or is another one, or answers differ from the server's */
export async function open({ ort, duckdb, base = new URL('.', import.meta.url) }: Parts): Promise<Predictor> {
  const bundle = JSON.parse(new TextDecoder().decode(await bytesOf(new URL('bundle.json', base)))) as EmbeddedBundle;
  const model = await bytesOf(new URL('model.onnx', base));
  const known = bundle.files.find(({ name }) => name === 'model.onnx')?.sha256;
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', model));
  const found = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (found !== known) throw new Error(`model.onnx has sha256 ${found}, not ${known}. Export it again.`);
  return await Predictor.open(bundle, await runner(ort, bundle, model), duckdb ? await evaluator(duckdb) : null);
}

async function bytesOf(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answers ${response.status}. Serve the whole folder of the bundle.`);
  return new Uint8Array(await response.arrayBuffer());
}

async function runner(ort: OnnxRuntimeWeb, { signature }: EmbeddedBundle, model: Uint8Array): Promise<RunModel> {
  const session = await ort.InferenceSession.create(model);
  return async ({ rows, numeric, categorical }) => {
    const feeds: Record<string, unknown> = {};
    if (signature.numeric.length > 0)
      feeds['num'] = new ort.Tensor('float32', numeric, [rows, signature.numeric.length]);
    categorical.forEach((column, i) => {
      feeds[`cat_${i}`] = new ort.Tensor('string', [...column], [rows, 1]);
    });
    return (await session.run(feeds, [signature.output]))[signature.output]?.data as Float32Array;
  };
}

async function evaluator(connection: DuckDbWasmConnection): Promise<Evaluate> {
  await connection.query("SET TimeZone = 'UTC'");
  return async (sql, json) => {
    const statement = await connection.prepare(sql);
    try {
      const table = await statement.query(json);
      return Array.from({ length: table.numCols }, (_, i) => {
        const column = table.getChildAt(i);
        return Array.from({ length: column?.length ?? 0 }, (__, row) => column?.get(row) ?? null);
      });
    } finally {
      await statement.close();
    }
  };
}
