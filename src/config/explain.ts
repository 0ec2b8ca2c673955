/** Every effective value of a model and the line that set it. */

import { KeyUnknown } from './errors.ts';
import type { LoadedModel } from './load.ts';
import { nearest } from './nearest.ts';

export interface Explained {
  /** Such as `gate.floors.roc_auc`. */
  readonly path: string;
  /** As written, before margins and shares are parsed. */
  readonly value: unknown;
  /** Relative to the workspace. */
  readonly file: string;
  readonly line: number;
  /** Whether the model's own file sets it, rather than one that it extends. */
  readonly own: boolean;
}

/**
 * @param under only values at or below this path
 * @throws KeyUnknown where nothing is there
 */
export function explain(model: LoadedModel, under?: string): Explained[] {
  const rows = [...model.origins].map(([path, { value, at }]) => ({
    path,
    value,
    file: at.file,
    line: at.line,
    own: at.file === model.file,
  }));
  if (under === undefined) return rows;
  const below = rows.filter(
    ({ path }) => path === under || path.startsWith(`${under}.`) || path.startsWith(`${under}[`),
  );
  if (below.length === 0) throw new KeyUnknown(under, model.file, nearest(under, prefixes(rows)));
  return below;
}

function prefixes(rows: readonly Explained[]): Set<string> {
  return new Set(
    rows.flatMap(({ path }) => path.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.'))),
  );
}
