/** Figures of the rows that the reason of a run names: a value of a column, from an instant on. Never left out for being small. */
import type { ModelConfig } from '../config/model.ts';
import type { SliceFigures } from './contract.ts';
import { SliceColumnMissing } from './errors.ts';
import type { EvaluationRows, JudgedRows } from './judged-rows.ts';
import { oneSlice, type SliceScores } from './slices.ts';

export interface DemandedSlice {
  /** Null: every row from `since` on. */
  readonly slice: { readonly column: string; readonly value: string } | null;
  /** Event time from which rows count; null: all of them. */
  readonly since: string | null;
}

/** Stands where a column would, for a demand that names none. */
export const ALL_ROWS = 'all rows';

/** @throws SliceColumnMissing when rows do not carry a demanded column */
export function demandedSliceFigures(
  config: ModelConfig,
  rows: EvaluationRows,
  judged: JudgedRows,
  scores: SliceScores,
  demanded: readonly DemandedSlice[],
): SliceFigures[] {
  const asked = demanded.filter(({ slice, since }) => slice !== null || since !== null);
  const different = new Map(
    asked.map((one) => [JSON.stringify([one.slice?.column, one.slice?.value, one.since]), one]),
  );
  return [...different.values()].map(({ slice, since }) => {
    const values = slice === null ? null : rows.slices[slice.column];
    if (slice !== null && !values) throw new SliceColumnMissing(config.model, slice.column, Object.keys(rows.slices));
    const from = since === null ? Number.NEGATIVE_INFINITY : Date.parse(since);
    const members: number[] = [];
    judged.index.forEach((row, position) => {
      if (values && values[row] !== slice?.value) return;
      if (rows.eventTime[row]! >= from) members.push(position);
    });
    const named = slice ?? { column: ALL_ROWS, value: '' };
    return { ...oneSlice(config, { ...named, members }, judged, scores), critical: true, demanded: { since } };
  });
}
