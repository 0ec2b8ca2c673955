/** What the reasons of a run demand of its evaluation and gate. */
import { z } from 'zod';
import type { ModelConfig } from '../config/model.ts';
import { instant } from '../registry/contract.ts';
import { findDocument } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';

const demanded = z.looseObject({
  kind: z.string(),
  reason: z.string(),
  by: z.string(),
  demand: z
    .looseObject({
      since: instant.optional(),
      slice: z.looseObject({ column: z.string(), value: z.string() }).optional(),
    })
    .optional(),
});

/** Rows to be judged apart, and who said so. */
export interface RunDemand {
  readonly by: string;
  readonly reason: string;
  readonly since: string | null;
  readonly slice: { readonly column: string; readonly value: string } | null;
}

/** Where the owner keeps why a run started. */
export const reasonsKey = (model: string, run: string): string => `models/${model}/runs/${run}/reasons.json`;

/** Demands of all the reasons of a run; none where it was asked for without any, or before there were reasons. */
export async function demandsOf(store: ObjectStore, model: string, run: string): Promise<RunDemand[]> {
  const reasons = (await findDocument(store, reasonsKey(model, run), z.array(demanded))) ?? [];
  return reasons.flatMap(({ kind, by, reason, demand }) =>
    demand === undefined
      ? []
      : [{ by: `${kind} by ${by}`, reason, since: demand.since ?? null, slice: demand.slice ?? null }],
  );
}

/** Columns whose values the gate can tell rows apart by: slices, protected columns and features of a row itself. */
export function sliceColumns({ gate, features }: ModelConfig): string[] {
  const groups = gate.fairness === 'none' ? [] : gate.fairness.protected;
  return [...new Set([...gate.slices.columns, ...groups, ...features.use, ...Object.keys(features.sql)])];
}

/** Why no run of this model could judge what is demanded; null where one could. */
export function impossibleDemand(
  config: ModelConfig,
  demand: { readonly slice?: { readonly column: string } | undefined } | undefined,
): string | null {
  const column = demand?.slice?.column;
  const known = sliceColumns(config);
  if (column === undefined || known.includes(column)) return null;
  return `the slice cannot be judged: ${JSON.stringify(column)} is neither a slice nor a feature of ${config.model} (there are ${known.join(', ')})`;
}

/** The configuration to read rows with: their demanded columns come along as slices. */
export function withDemandedColumns(config: ModelConfig, demands: readonly RunDemand[]): ModelConfig {
  const columns = demands.flatMap(({ slice }) => (slice === null ? [] : [slice.column]));
  const { slices } = config.gate;
  const critical = [...new Set([...slices.critical, ...columns])];
  return { ...config, gate: { ...config.gate, slices: { ...slices, critical } } };
}
