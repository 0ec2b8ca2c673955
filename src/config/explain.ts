/** Every effective value of a model and the line that set it. */

import { KeyUnknown } from './errors.ts';
import type { LoadedModel } from './load.ts';
import { nearest } from './nearest.ts';
import { SHIPPED_FILE } from './shipped.ts';

export interface Explained {
  /** Such as `gate.floors.roc_auc`. */
  readonly path: string;
  /** As written, before margins and shares are parsed. */
  readonly value: unknown;
  /** Relative to the workspace; `<hone>/config/defaults.yaml` where no file of it names the setting. */
  readonly file: string;
  readonly line: number;
  /** Whether the model's own file sets it, rather than one that it extends. */
  readonly own: boolean;
  /** Whether no file of the workspace names it, so that it is as this hone ships it. */
  readonly shipped: boolean;
}

/** Settings that no file of the workspace names. */
export function shippedSettings({ origins }: LoadedModel): string[] {
  return [...origins].flatMap(([path, { at }]) => (at.file === SHIPPED_FILE ? [path] : []));
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
    shipped: at.file === SHIPPED_FILE,
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
