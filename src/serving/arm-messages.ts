/** What the serving process and the process of an arm say to each other. */
import type { FieldProblem } from '../data/features/errors.ts';
import type { LookupFiles } from '../data/features/online-lookup.ts';
import type { RawRow } from './contract.ts';
import type { ActedFault, Scored } from './loaded-version.ts';
import type { ScoreSource } from './version-files.ts';

export type ToArm =
  | { readonly kind: 'load'; readonly id: number; readonly source: ScoreSource }
  | { readonly kind: 'score'; readonly id: number; readonly rows: readonly RawRow[]; readonly fault?: ActedFault }
  | { readonly kind: 'lookups'; readonly id: number; readonly lookups: LookupFiles }
  | { readonly kind: 'recheck'; readonly id: number; readonly rows: readonly RawRow[]; readonly served: ServedScores };

/** What was answered for some rows, with the lookups of one time. */
export interface ServedScores {
  /** Rows × width. */
  readonly predictions: Float64Array;
  readonly lookupAsOf: number | null;
}

export type FromArm =
  | { readonly kind: 'loaded'; readonly id: number }
  | { readonly kind: 'scored'; readonly id: number; readonly scored: Scored }
  | { readonly kind: 'lookups_taken'; readonly id: number }
  /** Null: newer lookups came between serving and recomputing, so that there is nothing to compare. */
  | { readonly kind: 'rechecked'; readonly id: number; readonly disagreement: number | null }
  | { readonly kind: 'rows_invalid'; readonly id: number; readonly problems: readonly FieldProblem[] }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
