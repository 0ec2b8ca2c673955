/** Tensors of the Open Inference protocol (v2) and the rows of hone: one input tensor a raw column, one output tensor a part of the answer. */
import type { Prediction, RawRow, RawValue } from './contract.ts';
import { MAX_ROWS } from './contract.ts';
import { RequestRefused } from './errors.ts';
import type { InferRequest, Tensor, TensorMetadata } from './open-inference-contract.ts';
import { fieldPath, rowsOfBody } from './request-rows.ts';

/** What a request asks: rows, and which of the answer's tensors. */
export interface Asked {
  readonly id: string | undefined;
  readonly rows: readonly RawRow[];
  /** Null: all. */
  readonly wanted: readonly string[] | null;
}

const DATATYPES: Readonly<Record<string, 'boolean' | 'integer' | 'number' | 'string'>> = {
  BOOL: 'boolean',
  ...Object.fromEntries(
    [8, 16, 32, 64].flatMap((bits) => [
      [`INT${bits}`, 'integer'],
      [`UINT${bits}`, 'integer'],
    ]),
  ),
  ...{ FP16: 'number', FP32: 'number', FP64: 'number', BYTES: 'string' },
};

/**
 * @param request as `inferRequest` of the contract reads it
 * @throws RequestRefused with the path of the first field that is wrong; it names tensors, not rows
 */
export function askedRows({ id, inputs, outputs }: InferRequest): Asked {
  const [first] = inputs;
  const count = first?.shape[0] ?? 0;
  if (count > MAX_ROWS)
    throw new RequestRefused(`${count} rows are more than ${MAX_ROWS}; split the request`, 'inputs[0].shape', 413);
  const columns = new Map<string, RawValue[]>();
  inputs.forEach((tensor, k) => {
    const path = `inputs[${k}]`;
    if (columns.has(tensor.name)) throw new RequestRefused('a tensor of this name came before', `${path}.name`);
    if (tensor.shape[0] !== count)
      throw new RequestRefused(`${tensor.shape[0]} rows, where the first tensor has ${count}`, `${path}.shape`);
    columns.set(tensor.name, valuesOf(tensor, count, path));
  });
  const rows = Array.from({ length: count }, (_, i) =>
    Object.fromEntries([...columns].map(([name, values]) => [name, values[i]])),
  );
  outputs?.forEach(({ name }, k) => {
    if (!OUTPUTS.includes(name))
      throw new RequestRefused(`there is no such output; there are: ${OUTPUTS.join(', ')}`, `outputs[${k}].name`);
  });
  const wanted = outputs === undefined || outputs.length === 0 ? null : outputs.map(({ name }) => name);
  return { id, rows: inTensorWords(inputs, () => rowsOfBody({ rows })), wanted };
}

/** Runs what speaks of `rows[3].dest`; its refusal speaks of `inputs[1].data[3]`. */
export function inTensorWords<T>(inputs: InferRequest['inputs'], work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw tensorRefusal(error, inputs);
  }
}

/** The same error with the path of a tensor; what is no refusal of a field stays as it is. */
export function tensorRefusal(error: unknown, inputs: InferRequest['inputs']): unknown {
  if (!(error instanceof RequestRefused) || error.path === undefined) return error;
  const [, row] = /^rows\[(\d+)\]/.exec(error.path) ?? [];
  const k = inputs.findIndex(({ name }) => fieldPath(`rows[${row}]`, name) === error.path);
  const path = k >= 0 ? `inputs[${k}].data[${row}]` : 'inputs';
  const missing = k < 0 ? `${error.problem} (${error.path.replace(/^rows\[\d+\]\.?/, '')})` : error.problem;
  return new RequestRefused(missing, path, error.status === 413 ? 413 : 400);
}

function valuesOf({ datatype, shape, data }: InferRequest['inputs'][number], count: number, path: string): RawValue[] {
  const kind = DATATYPES[datatype];
  if (kind === undefined)
    throw new RequestRefused(`one of ${Object.keys(DATATYPES).join(', ')} is needed`, `${path}.datatype`);
  if (shape.length > 2 || (shape[1] ?? 1) !== 1)
    throw new RequestRefused('a raw column has the shape [rows] or [rows, 1]', `${path}.shape`);
  const flat = data.length > 0 && data.every(Array.isArray) ? data.flat() : data;
  if (flat.length !== count)
    throw new RequestRefused(`${flat.length} values for a shape of ${count} rows`, `${path}.data`);
  flat.forEach((value, i) => {
    const fits = value === null || (kind === 'integer' ? Number.isInteger(value) : typeof value === kind);
    if (!fits) throw new RequestRefused(`${datatype} or null is needed`, `${path}.data[${i}]`);
  });
  return flat as RawValue[];
}

const OUTPUTS = ['prediction', 'decision', 'version', 'arm', 'inference_id'];

/** @returns the tensors of an answer, in the order in which they were asked for */
export function answerTensors(predictions: readonly Prediction[], wanted: Asked['wanted']): Tensor[] {
  const rows = predictions.length;
  const tensor = (name: string, datatype: string, data: Tensor['data'], shape = [rows]) => ({
    name,
    shape,
    datatype,
    data,
  });
  const width = Array.isArray(predictions[0]?.prediction) ? predictions[0].prediction.length : 1;
  const decisions = predictions.map(({ decision }) => decision);
  const made = [
    tensor(
      'prediction',
      'FP64',
      predictions.flatMap(({ prediction }) => prediction),
      width === 1 ? [rows] : [rows, width],
    ),
    ...(decisions.includes(null)
      ? []
      : [tensor('decision', decisions.every(Number.isInteger) ? 'INT64' : 'BYTES', decisions)]),
    tensor(
      'version',
      'INT64',
      predictions.map(({ version }) => version),
    ),
    tensor(
      'arm',
      'BYTES',
      predictions.map(({ arm }) => arm),
    ),
    tensor(
      'inference_id',
      'BYTES',
      predictions.map(({ inference_id }) => inference_id),
    ),
  ];
  if (wanted === null) return made;
  return wanted.flatMap((name) => made.find((one) => one.name === name) ?? []);
}

/** One tensor a raw column; the number of rows is free. @param rawTypes DuckDB type by column */
export function inputMetadata(rawTypes: Readonly<Record<string, string>>): TensorMetadata[] {
  return Object.entries(rawTypes).map(([name, type]) => ({ name, datatype: datatypeOf(type), shape: [-1] }));
}

/** @param classes of a multiclass model @param decides whether a decision is made, and of what type */
export function outputMetadata(classes: number | null, decides: 'INT64' | 'BYTES' | null): TensorMetadata[] {
  return [
    { name: 'prediction', datatype: 'FP64', shape: classes === null ? [-1] : [-1, classes] },
    ...(decides === null ? [] : [{ name: 'decision', datatype: decides, shape: [-1] }]),
    { name: 'version', datatype: 'INT64', shape: [-1] },
    { name: 'arm', datatype: 'BYTES', shape: [-1] },
    { name: 'inference_id', datatype: 'BYTES', shape: [-1] },
  ];
}

const INTEGERS: Readonly<Record<string, string>> = {
  ...{ TINYINT: 'INT8', SMALLINT: 'INT16', INTEGER: 'INT32', BIGINT: 'INT64' },
  ...{ UTINYINT: 'UINT8', USMALLINT: 'UINT16', UINTEGER: 'UINT32', UBIGINT: 'UINT64' },
};

/** Times travel as text. */
function datatypeOf(type: string): string {
  if (type === 'BOOLEAN') return 'BOOL';
  if (type === 'FLOAT') return 'FP32';
  if (/^(DOUBLE|DECIMAL)/.test(type)) return 'FP64';
  return INTEGERS[type] ?? 'BYTES';
}
