/** Replays the trainer's predictions through the serving runtime, and picks the golden rows from what was replayed. */
import type { FeatureRows } from '../data/columns.ts';
import type { GoldenRow } from '../registry/contract.ts';
import type { ModelInput, ModelRuntime } from '../serving/model-runtime.ts';
import type { TrainerParity } from './contract.ts';
import { ParityFailed, TrainerBrokeContract } from './errors.ts';

/** Relative to 1 + |prediction|: float32 sums differ from float64 ones by up to 4e-6 (measured), a flipped branch by far more. */
const tolerance = 1e-5;
const goldenCount = 16;

/**
 * Scores the same rows as the trainer did and compares each prediction.
 *
 * @returns the graph's own predictions of these rows, row-major
 * @throws ParityFailed, or TrainerBrokeContract when parity.json is not about these rows
 */
export async function replayParity(
  trainer: string,
  runtime: ModelRuntime,
  rows: FeatureRows,
  parity: TrainerParity,
): Promise<Float64Array> {
  const expected = rows.rows - parity.offset;
  if (parity.rows !== expected || (parity.part === 'validation' && parity.offset !== 0)) {
    throw new TrainerBrokeContract(
      trainer,
      `parity.json covers ${parity.rows} rows from row ${parity.offset} where ${rows.rows} were given`,
    );
  }
  if (parity.width !== runtime.width) {
    throw new TrainerBrokeContract(
      trainer,
      `parity.json holds ${parity.width} predictions a row, the model gives ${runtime.width}`,
    );
  }
  const found = await runtime.predict(rowsFrom(rows, parity.offset));
  let differing = 0;
  let worst = { row: 0, trainer: 0, graph: 0, distance: -1 };
  for (let row = 0; row < parity.rows; row++) {
    let farthest = 0;
    for (let k = 0; k < parity.width; k++) {
      const at = row * parity.width + k;
      const wanted = parity.predictions[at]!;
      const graph = found[at]!;
      const distance = Number.isFinite(graph)
        ? Math.abs(graph - wanted) / (1 + Math.abs(wanted))
        : Number.POSITIVE_INFINITY;
      farthest = Math.max(farthest, distance);
      if (distance > worst.distance) worst = { row: row + parity.offset, trainer: wanted, graph, distance };
    }
    if (farthest > tolerance) differing += 1;
  }
  if (differing > 0) throw new ParityFailed(trainer, differing, parity.rows, worst, tolerance);
  return found;
}

/** Sixteen rows spread evenly over those replayed, and one where everything is missing, as the graph scores them here. */
export async function pickGolden(runtime: ModelRuntime, rows: FeatureRows, offset: number): Promise<GoldenRow[]> {
  const { numeric, categorical } = runtime.signature;
  const usable = rows.rows - offset;
  const picked = Array.from(
    { length: Math.min(goldenCount, usable) },
    (_, i) => offset + Math.floor((i * usable) / Math.min(goldenCount, usable)),
  );
  const inputs = picked
    .map((row) => ({
      numeric: Array.from(rows.numeric.subarray(row * numeric.length, (row + 1) * numeric.length), (value) =>
        Number.isNaN(value) ? null : value,
      ),
      categorical: rows.categorical.map((column) => column[row] || null),
    }))
    .filter((row) => row.numeric.every((value) => value === null || Number.isFinite(value))); // JSON has no infinity
  inputs.push({ numeric: numeric.map(() => null), categorical: categorical.map(() => null) });
  const predictions = await runtime.predict({
    rows: inputs.length,
    numeric: Float32Array.from(inputs.flatMap((row) => row.numeric.map((value) => value ?? Number.NaN))),
    categorical: categorical.map((_, i) => inputs.map((row) => row.categorical[i] ?? '')),
  });
  return inputs.map((row, i) => ({
    ...row,
    prediction: Array.from(predictions.subarray(i * runtime.width, (i + 1) * runtime.width)),
  }));
}

function rowsFrom(rows: FeatureRows, offset: number): ModelInput {
  if (offset === 0) return rows;
  const width = rows.rows === 0 ? 0 : rows.numeric.length / rows.rows;
  return {
    rows: rows.rows - offset,
    numeric: rows.numeric.subarray(offset * width),
    categorical: rows.categorical.map((column) => column.slice(offset)),
  };
}
