/** Columns of a drift report in the order in which somebody should look at them. */
import type { ColumnDrift } from '../../drift/contract.ts';

/** The farthest beyond its own limit first, so that a small column with a small limit is not hidden. */
export function byExcess(columns: Readonly<Record<string, ColumnDrift>>): (readonly [string, ColumnDrift])[] {
  return Object.entries(columns).sort(([, a], [, b]) => beyond(b) - beyond(a));
}

function beyond({ psi, threshold }: ColumnDrift): number {
  return psi === null ? -1 : psi / (threshold ?? 1);
}
