import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Signature } from '../../src/registry/contract.ts';
import { checkGolden, ModelRuntime } from '../../src/serving/model-runtime.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}.onnx`, import.meta.url));
const signature: Signature = {
  contract: 1,
  task: 'binary',
  numeric: ['left', 'right'],
  categorical: ['letter'],
  output: 'prediction',
  classes: [0, 1],
};
const numbersOnly: Signature = { ...signature, categorical: [] };

/** The same sum in float64. */
const expected = (left: number, right: number, letter: string) =>
  1 / (1 + Math.exp(-(left + right + ({ a: 0, b: 1 }[letter] ?? -1))));

test('scores every row of several chunks in order; missing and unseen categories are one thing', async () => {
  const rows = 5000;
  const letters = Array.from({ length: rows }, (_, row) => ['a', 'b', '', 'unseen'][row % 4]!);
  const numeric = Float32Array.from({ length: rows * 2 }, (_, i) => (i % 2 === 0 ? i / rows : -0.25));
  const runtime = await ModelRuntime.load(fixture('sum'), signature);
  const scores = await runtime.predict({ rows, numeric, categorical: [letters] });
  expect(scores).toHaveLength(rows);
  for (let row = 0; row < rows; row++) {
    expect(Math.abs(scores[row]! - expected(numeric[row * 2]!, numeric[row * 2 + 1]!, letters[row]!))).toBeLessThan(
      2e-7,
    );
  }
  await runtime.release();
});

test('no rows give no predictions, one row gives the same as in a batch, a missing number gives NaN where the graph says so', async () => {
  const runtime = await ModelRuntime.load(await readFile(fixture('sum')), signature);
  expect(await runtime.predict({ rows: 0, numeric: new Float32Array(), categorical: [[]] })).toHaveLength(0);
  const one = await runtime.predict({ rows: 1, numeric: Float32Array.of(0.5, 1), categorical: [['b']] });
  const two = await runtime.predict({ rows: 2, numeric: Float32Array.of(9, 9, 0.5, 1), categorical: [['a', 'b']] });
  expect(one[0]).toBe(two[1]);
  const missing = await runtime.predict({ rows: 1, numeric: Float32Array.of(Number.NaN, 1), categorical: [['a']] });
  expect(missing[0]).toBeNaN();
  await runtime.release();
});

test('twenty concurrent callers each get their own answer', async () => {
  const runtime = await ModelRuntime.load(fixture('sum'), signature);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      runtime.predict({ rows: 1, numeric: Float32Array.of(i / 10, 0), categorical: [['a']] }),
    ),
  );
  for (const [i, scores] of answers.entries()) expect(scores[0]).toBeCloseTo(expected(i / 10, 0, 'a'), 6);
  await runtime.release();
});

test.each([
  [
    'too few numbers',
    { rows: 2, numeric: new Float32Array(3), categorical: [['a', 'b']] },
    /2 rows of 2 numeric features need 4 values, got 3/,
  ],
  ['a category too few', { rows: 1, numeric: new Float32Array(2), categorical: [] }, /takes 1 categories, got 0/],
  [
    'a short category',
    { rows: 2, numeric: new Float32Array(4), categorical: [['a']] },
    /category "letter" has 1 values for 2 rows/,
  ],
])('refuses rows with %s', async (_, input, message) => {
  const runtime = await ModelRuntime.load(fixture('sum'), signature);
  const refused = runtime.predict(input);
  await expect(refused).rejects.toMatchObject({ code: 'HONE_FEATURES_DO_NOT_FIT' });
  await expect(refused).rejects.toThrow(message);
  await runtime.release();
});

test.each([
  ['another output name', { output: 'score' }, /no output "score", it has "prediction"/],
  ['another number of columns', { numeric: ['left'] }, /input "num" has shape \[N, 2\], not \[N, 1\]/],
  ['a category less', { categorical: [] }, /asks for an input "cat_0"/],
  ['a category more', { categorical: ['letter', 'digit'] }, /has no input "cat_1"/],
  ['more classes', { task: 'multiclass', classes: [0, 1, 2] }, /output "prediction" has shape \[N, 1\], not \[N, 3\]/],
] as const)('refuses a signature with %s than the graph', async (_, changes, message) => {
  const refused = ModelRuntime.load(fixture('sum'), { ...signature, ...changes } as Signature);
  await expect(refused).rejects.toMatchObject({ code: 'HONE_SIGNATURE_MISMATCH', retryable: false });
  await expect(refused).rejects.toThrow(message);
});

test.each([
  ['foreign-operator', /domain "com.microsoft"/],
  ['external-data', /keeps tensors in external files/],
  ['own-function', /defines functions of its own/],
])('refuses the ONNX file %s before the runtime sees it', async (name, message) => {
  const refused = ModelRuntime.load(fixture(name), numbersOnly);
  await expect(refused).rejects.toMatchObject({ code: 'HONE_MODEL_REFUSED', retryable: false });
  await expect(refused).rejects.toThrow(message);
});

test.each([
  ['zip-map', /not a tensor \(is ZipMap switched on\?\)/],
  ['integer-output', /has type int64, not float32 or float64/],
])('refuses an output that is no tensor of numbers: %s', async (name, message) => {
  await expect(ModelRuntime.load(fixture(name), numbersOnly)).rejects.toThrow(message);
});

test.each([
  ['an empty file', []],
  ['a Python pickle', [0x80, 0x04, 0x95]],
  ['a zip archive', [0x50, 0x4b, 0x03, 0x04]],
  ['a gzip file', [0x1f, 0x8b, 0x08]],
])('refuses %s by name', async (name, bytes) => {
  await expect(ModelRuntime.load(Uint8Array.from(bytes), signature)).rejects.toThrow(name);
});

test('a damaged file is refused, wherever it was cut', async () => {
  const whole = await readFile(fixture('sum'));
  for (const length of [1, 7, 60, 150, whole.length - 9, whole.length - 1]) {
    const refused = ModelRuntime.load(whole.subarray(0, length), signature);
    await expect(refused).rejects.toMatchObject({
      code: expect.stringMatching(/HONE_(MODEL_REFUSED|SIGNATURE_MISMATCH)/),
    });
  }
});

test('golden rows pass where they are as registered, and name the worst row where they are not', async () => {
  const runtime = await ModelRuntime.load(fixture('sum'), signature);
  const good = { numeric: [0.5, 1], categorical: ['b'], prediction: [expected(0.5, 1, 'b')] };
  const unseen = { numeric: [0, 0], categorical: [null], prediction: [expected(0, 0, '')] };
  await checkGolden(runtime, [good, unseen]);
  await checkGolden(runtime, []);
  const moved = { ...good, prediction: [good.prediction[0]! + 1e-4] };
  const far = { ...good, prediction: [0.1] };
  const differs = checkGolden(runtime, [unseen, moved, far, good]);
  await expect(differs).rejects.toMatchObject({ code: 'HONE_GOLDEN_ROWS_DIFFER', retryable: false });
  await expect(differs).rejects.toThrow(/2 of 4 golden rows .*worst: row 2, expected 0.1/);
  const gone = { numeric: [null, 1], categorical: ['a'], prediction: [0.5] };
  await expect(checkGolden(runtime, [gone])).rejects.toThrow(/found NaN/);
  await runtime.release();
});
