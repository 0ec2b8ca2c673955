/** What the serving process and the process of an arm say to each other. */
import type { FieldProblem } from '../data/features/errors.ts';
import type { RawRow } from './contract.ts';
import type { ActedFault, Scored } from './loaded-version.ts';
import type { ScoreSource } from './version-files.ts';

export type ToArm =
  | { readonly kind: 'load'; readonly id: number; readonly source: ScoreSource }
  | { readonly kind: 'score'; readonly id: number; readonly rows: readonly RawRow[]; readonly fault?: ActedFault }
  | { readonly kind: 'recheck'; readonly id: number; readonly rows: readonly RawRow[]; readonly served: Float64Array };

export type FromArm =
  | { readonly kind: 'loaded'; readonly id: number }
  | { readonly kind: 'scored'; readonly id: number; readonly scored: Scored }
  | { readonly kind: 'rechecked'; readonly id: number; readonly disagreement: number }
  | { readonly kind: 'rows_invalid'; readonly id: number; readonly problems: readonly FieldProblem[] }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
