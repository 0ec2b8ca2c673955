/** Section `features` of a model file: which columns and expressions a model sees. */
import { z } from 'zod';
import { columnName } from '../values.ts';

export const sqlType = z.enum(['int32', 'float32', 'string']);

export const features = z.strictObject({
  use: z.array(columnName).min(1),
  sql: z.record(columnName, z.strictObject({ type: sqlType, expr: z.string().min(1), doc: z.string().optional() })),
  categories: z.strictObject({
    columns: z.array(columnName),
    min_count: z.number().int().positive(),
    max_levels: z.number().int().positive(),
    unseen: z.literal('other'),
  }),
});

export type FeatureConfig = z.output<typeof features>;
