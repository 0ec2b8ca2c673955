/** What each version did on all prediction servers, summed from the counters that they keep. */
import type { NodeRecord } from '../../serving/contract.ts';

export interface ArmFigures {
  readonly requests: number;
  readonly errors: number;
  readonly nan: number;
  readonly meanLatencyMs: number | null;
  /** Largest distance of a served score from the model's own, and on how many rows it was looked for. */
  readonly maxDisagreement: number | null;
  readonly checked: number;
}

export function armFigures(nodes: readonly NodeRecord[], model: string): Map<number, ArmFigures> {
  const arms = nodes.flatMap(({ models }) => Object.entries(models[model]?.arms ?? {}));
  const figures = new Map<number, ArmFigures>();
  for (const version of new Set(arms.map(([name]) => Number(name)))) {
    const own = arms.filter(([name]) => Number(name) === version).map(([, arm]) => arm);
    const sum = (of: (arm: (typeof own)[number]) => number) => own.reduce((total, arm) => total + of(arm), 0);
    const calls = sum(({ latency }) => latency.reduce((total, bin) => total + bin, 0));
    const apart = own.flatMap(({ max_disagreement: one }) => (one === null ? [] : [one]));
    figures.set(version, {
      requests: sum(({ requests }) => requests),
      errors: sum(({ errors }) => errors),
      nan: sum(({ nan }) => nan),
      meanLatencyMs: calls > 0 ? sum(({ latency_sum_ms }) => latency_sum_ms) / calls : null,
      maxDisagreement: apart.length > 0 ? Math.max(...apart) : null,
      checked: sum(({ rows_checked }) => rows_checked),
    });
  }
  return figures;
}
