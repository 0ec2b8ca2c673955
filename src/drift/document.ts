/** The published form of a comparison: what `hone drift --json` prints, and nothing else. */
import { z } from 'zod';
import { columnKind, type DriftReport, driftVerdict } from './contract.ts';

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);
const distance = z.number().nullable();

export const driftDocument = z.strictObject({
  columns: z.record(
    z.string(),
    z.strictObject({
      kind: columnKind,
      n_reference: count,
      n_current: count,
      psi: distance,
      js_distance: distance,
      ks_statistic: distance,
      wasserstein_distance: distance,
      chi_squared: distance,
      missing: z.strictObject({ reference: share, current: share }),
      new_categories: z.array(z.string()).max(20),
      threshold: z.number().nullable(),
      noise: z.number().nullable(),
      importance: z.strictObject({ rank: count, of: count, share }).optional(),
      verdict: driftVerdict,
      sentence: z.string(),
    }),
  ),
  dataset: z.strictObject({
    share_moved: share.nullable(),
    importance_moved: share.nullable().optional(),
    verdict: driftVerdict,
  }),
});
export type DriftDocument = z.output<typeof driftDocument>;

export function documentOf({ columns, dataset }: DriftReport): DriftDocument {
  return driftDocument.parse({
    columns: Object.fromEntries(
      Object.entries(columns).map(([name, { p_value, new_category_share, noise_from, ...published }]) => [
        name,
        published,
      ]),
    ),
    dataset: {
      share_moved: dataset.share_moved,
      ...(dataset.importance_moved === undefined ? {} : { importance_moved: dataset.importance_moved }),
      verdict: dataset.verdict,
    },
  });
}
