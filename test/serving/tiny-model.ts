/** A tiny real ONNX model: sigmoid(numeric · weights + code(category) + bias), written field by field (onnx.proto). */
import protobuf from 'protobufjs/minimal.js';

type Write = (writer: protobuf.Writer) => void;
const message = (...writes: Write[]): Uint8Array => {
  const writer = protobuf.Writer.create();
  for (const write of writes) write(writer);
  return writer.finish();
};
const text =
  (field: number, value: string): Write =>
  (w) =>
    void w.uint32((field << 3) | 2).string(value);
const int =
  (field: number, value: number): Write =>
  (w) =>
    void w.uint32(field << 3).int64(value);
const float =
  (field: number, value: number): Write =>
  (w) =>
    void w.uint32((field << 3) | 5).float(value);
const part =
  (field: number, ...writes: Write[]): Write =>
  (w) =>
    void w.uint32((field << 3) | 2).bytes(message(...writes));

const FLOAT = 1;
const STRING = 8;
const tensor = (name: string, dims: number[], values: readonly number[]): Write =>
  part(5, ...dims.map((d) => int(1, d)), int(2, FLOAT), ...values.map((v) => float(4, v)), text(8, name));
const value = (field: number, name: string, type: number, width: number): Write =>
  part(field, text(1, name), part(2, part(1, int(1, type), part(2, part(1, text(2, 'N')), part(1, int(1, width))))));
const node = (op: string, inputs: string[], output: string, ...rest: Write[]): Write =>
  part(1, ...inputs.map((name) => text(1, name)), text(2, output), text(4, op), ...rest);

export interface TinyModel {
  readonly weights: readonly number[];
  /** One category; unknown levels count 0. */
  readonly levels: Readonly<Record<string, number>>;
  readonly bias: number;
}

/** A missing number counts as 0. @returns the bytes of a file with inputs `num` [N, k], `cat_0` [N, 1], output `score` [N, 1] */
export function tinyOnnx({ weights, levels, bias }: TinyModel): Uint8Array {
  const k = weights.length;
  const encode = [
    part(5, text(1, 'keys_strings'), ...Object.keys(levels).map((key) => text(9, key)), int(20, 8)),
    part(5, text(1, 'values_floats'), ...Object.values(levels).map((code) => float(7, code)), int(20, 6)),
    part(5, text(1, 'default_float'), float(2, 0), int(20, 1)),
    text(7, 'ai.onnx.ml'),
  ];
  const graph = part(
    7,
    node('IsNaN', ['num'], 'missing'),
    node('Where', ['missing', 'zero', 'num'], 'filled'),
    node('MatMul', ['filled', 'weights'], 'linear'),
    node('LabelEncoder', ['cat_0'], 'code', ...encode),
    node('Add', ['linear', 'code'], 'sum'),
    node('Add', ['sum', 'bias'], 'logit'),
    node('Sigmoid', ['logit'], 'score'),
    text(2, 'tiny'),
    tensor('weights', [k, 1], weights),
    tensor('bias', [1, 1], [bias]),
    tensor('zero', [1, 1], [0]),
    value(11, 'num', FLOAT, k),
    value(11, 'cat_0', STRING, 1),
    value(12, 'score', FLOAT, 1),
  );
  return message(int(1, 8), graph, part(8, text(1, ''), int(2, 17)), part(8, text(1, 'ai.onnx.ml'), int(2, 3)));
}

/** What the model gives, in doubles. */
export function tinyScore(model: TinyModel, numeric: readonly number[], category: string): number {
  const logit = numeric.reduce((sum, x, i) => sum + x * model.weights[i]!, model.bias + (model.levels[category] ?? 0));
  return 1 / (1 + Math.exp(-logit));
}
