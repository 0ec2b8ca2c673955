/** Scores rows with one ONNX model. The same runtime evaluates and serves, so what is judged is what is served. */

import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { GoldenRow, Signature } from '../registry/contract.ts';
import { FeaturesDoNotFit, GoldenRowsDiffer, ModelRefused, SignatureMismatch } from './model-errors.ts';
import { refuseUnsafeOnnx } from './onnx-file.ts';

/** More rows a call win nothing and cost memory (measured, with DuckDB's own chunk of 2,048 rows). */
const rowsPerRun = 2048;

/** Features in signature order: `numeric` is row-major rows × k with NaN for null, `categorical` one array a column with '' for null. */
export interface ModelInput {
  readonly rows: number;
  readonly numeric: Float32Array;
  readonly categorical: readonly (readonly string[])[];
}

export class ModelRuntime {
  readonly signature: Signature;
  /** Columns of the prediction: 1 for binary and regression, the number of classes for multiclass. */
  readonly width: number;
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession, signature: Signature) {
    this.#session = session;
    this.signature = signature;
    this.width = outputWidth(signature);
  }

  /**
   * Loads a model, one thread, from its bytes (so that no file beside it can be reached).
   *
   * @param model the ONNX file's bytes, or its path
   * @throws ModelRefused when it is not a self-contained graph of standard operators, SignatureMismatch when its inputs
   * or outputs are not the signature's
   */
  static async load(model: Uint8Array | string, signature: Signature): Promise<ModelRuntime> {
    const bytes = typeof model === 'string' ? await readFile(model) : model;
    refuseUnsafeOnnx(bytes);
    let session: InferenceSession;
    try {
      session = await InferenceSession.create(bytes, {
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        executionProviders: ['cpu'],
        logSeverityLevel: 3,
      });
    } catch (error) {
      throw new ModelRefused(`onnxruntime cannot load it (${(error as Error).message})`);
    }
    try {
      checkSignature(session, signature);
      return new ModelRuntime(session, signature);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /**
   * @returns one prediction a row (binary: probability of the positive class; regression: value), or for multiclass
   * rows × classes row-major; in chunks of 2,048 rows
   * @throws FeaturesDoNotFit when the arrays do not have the signature's shape
   */
  async predict(input: ModelInput): Promise<Float64Array> {
    this.#checkShape(input);
    const predictions = new Float64Array(input.rows * this.width);
    for (let start = 0; start < input.rows; start += rowsPerRun) {
      const end = Math.min(start + rowsPerRun, input.rows);
      const outputs = await this.#session.run(this.#feeds(input, start, end), [this.signature.output]);
      const output = outputs[this.signature.output]!;
      if (output.size !== (end - start) * this.width) {
        throw new SignatureMismatch(`${end - start} rows gave ${output.size} values, not ${this.width} a row`);
      }
      predictions.set(output.data as Float32Array | Float64Array, start * this.width);
      output.dispose();
    }
    return predictions;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #feeds(input: ModelInput, start: number, end: number): Record<string, Tensor> {
    const rows = end - start;
    const width = this.signature.numeric.length;
    const feeds: Record<string, Tensor> = {};
    if (width > 0)
      feeds['num'] = new Tensor('float32', input.numeric.subarray(start * width, end * width), [rows, width]);
    input.categorical.forEach((column, i) => {
      feeds[`cat_${i}`] = new Tensor('string', column.slice(start, end), [rows, 1]);
    });
    return feeds;
  }

  #checkShape({ rows, numeric, categorical }: ModelInput): void {
    const { numeric: names, categorical: categories } = this.signature;
    if (numeric.length !== rows * names.length) {
      throw new FeaturesDoNotFit(
        `${rows} rows of ${names.length} numeric features need ${rows * names.length} values, got ${numeric.length}`,
      );
    }
    if (categorical.length !== categories.length) {
      throw new FeaturesDoNotFit(`the model takes ${categories.length} categories, got ${categorical.length}`);
    }
    categorical.forEach((column, i) => {
      if (column.length !== rows)
        throw new FeaturesDoNotFit(`category "${categories[i]}" has ${column.length} values for ${rows} rows`);
    });
  }
}

/**
 * Scores the golden rows and compares.
 *
 * Tolerance relative to 1 + |expected|: 1e-6 for probabilities; 1e-5 for regression, where float32 sums of large
 * targets differ by more between processors.
 *
 * @throws GoldenRowsDiffer
 */
export async function checkGolden(runtime: ModelRuntime, golden: readonly GoldenRow[]): Promise<void> {
  const { signature, width } = runtime;
  const numeric = Float32Array.from(golden.flatMap((row) => row.numeric.map((value) => value ?? Number.NaN)));
  const categorical = signature.categorical.map((_, i) => golden.map((row) => row.categorical[i] ?? ''));
  const found = await runtime.predict({ rows: golden.length, numeric, categorical });
  const tolerance = signature.task === 'regression' ? 1e-5 : 1e-6;

  let worst = { row: -1, expected: 0, found: 0, distance: 0 };
  const differing = new Set<number>();
  golden.forEach((row, r) => {
    if (row.prediction.length !== width)
      throw new FeaturesDoNotFit(`golden row ${r} has ${row.prediction.length} predictions, the model gives ${width}`);
    row.prediction.forEach((expected, k) => {
      const value = found[r * width + k]!;
      const distance = Math.abs(value - expected) / (1 + Math.abs(expected));
      if (distance <= tolerance) return;
      differing.add(r);
      if (worst.row < 0 || !(distance <= worst.distance)) worst = { row: r, expected, found: value, distance };
    });
  });
  if (differing.size > 0) throw new GoldenRowsDiffer(differing.size, golden.length, worst, tolerance);
}

function outputWidth(signature: Signature): number {
  if (signature.task !== 'multiclass') return 1;
  const classes = signature.classes?.length ?? 0;
  if (classes < 2) throw new SignatureMismatch(`a multiclass signature needs at least 2 classes, it names ${classes}`);
  return classes;
}

function checkSignature(session: InferenceSession, signature: Signature): void {
  const expected = new Map<string, { type: string; width: number }>();
  if (signature.numeric.length > 0) expected.set('num', { type: 'float32', width: signature.numeric.length });
  signature.categorical.forEach((_, i) => {
    expected.set(`cat_${i}`, { type: 'string', width: 1 });
  });
  for (const input of session.inputMetadata) {
    const wanted = expected.get(input.name);
    if (!wanted)
      throw new SignatureMismatch(`the graph asks for an input "${input.name}" that the signature does not have`);
    checkTensor(input, `input "${input.name}"`, [wanted.type], wanted.width);
    expected.delete(input.name);
  }
  if (expected.size > 0)
    throw new SignatureMismatch(`the graph has no input ${[...expected.keys()].map((name) => `"${name}"`).join(', ')}`);

  const output = session.outputMetadata.find(({ name }) => name === signature.output);
  if (!output) {
    const names = session.outputMetadata.map(({ name }) => `"${name}"`).join(', ');
    throw new SignatureMismatch(`the graph has no output "${signature.output}", it has ${names}`);
  }
  checkTensor(output, `output "${signature.output}"`, ['float32', 'float64'], outputWidth(signature));
}

/** A tensor [N, width] of one of the types; a dimension that the graph leaves open is accepted and seen at the first run. */
function checkTensor(value: InferenceSession.ValueMetadata, what: string, types: string[], width: number): void {
  if (!value.isTensor) throw new SignatureMismatch(`${what} is not a tensor (is ZipMap switched on?)`);
  if (!types.includes(value.type))
    throw new SignatureMismatch(`${what} has type ${value.type}, not ${types.join(' or ')}`);
  const columns = value.shape[1];
  if (value.shape.length !== 2 || (typeof columns === 'number' && columns >= 0 && columns !== width)) {
    throw new SignatureMismatch(
      `${what} has shape [${value.shape.map((size) => size || 'N').join(', ')}], not [N, ${width}]`,
    );
  }
}
