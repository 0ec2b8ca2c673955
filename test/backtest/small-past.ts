/** A hundred days of a tiny table whose rule turns around on one day: enough to train on, small enough for seconds. */

import { type Policy, shippedPolicies } from '../../src/backtest/policy.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { tinyConfig, writeParquet } from '../data/surroundings.ts';

export const FROM = '2021-02-01T00:00:00.000Z';
export const TURN = '2021-02-20T00:00:00.000Z';
export const TO = '2021-03-27T00:00:00.000Z';
const ROWS_A_DAY = 80;

/** The label follows `x` until the turn, and its opposite afterwards; it is known two hours later. */
export async function smallPast(dir: string, change: (config: ModelConfig) => void = () => {}): Promise<ModelConfig> {
  const noise = (salt: number) => `(hash(i * 7919 + ${salt}) % 10007) / 10007.0`;
  const path = await writeParquet(
    dir,
    'small-past.parquet',
    `SELECT i AS id, i % 50 AS entity, "at", x, ['a', 'b', 'c'][1 + (hash(i) % 3)::INT] AS kind,
       (x + 0.6 * (noise - 0.5) > 0.5) = ("at" < TIMESTAMPTZ '${TURN}') AS y, "at" + INTERVAL 2 HOUR AS known_at
     FROM (SELECT i, ${noise(1)} AS x, ${noise(2)} AS noise,
       TIMESTAMPTZ '2021-01-01 00:00:00Z' + to_seconds(i * ${86_400 / ROWS_A_DAY}) AS "at" FROM range(${ROWS_A_DAY * 90}) t(i))`,
  );
  return tinyConfig(path, (config) => {
    Object.assign(config.data.label, { positive: true, mature_after: 'PT3H' });
    Object.assign(config.training, {
      window: { type: 'rolling', length: 'P15D' },
      split: { validation: 'P2D', holdout: 'P6D', gap: 'PT3H' },
      params: { n_estimators: 15, learning_rate: 0.2, num_leaves: 7, min_child_samples: 20 },
    });
    Object.assign(config.gate.uncertainty, { min_blocks: 5, min_rows: 200, min_rarer_class: 50, resamples: 200 });
    config.gate.floors = { roc_auc: 0.55 };
    Object.assign(config.gate.on_inconclusive, { wait_for_labels: 'P7D' });
    Object.assign(config.triggers.performance, { window: 'P5D', of: { need: 1, of: 1 } });
    Object.assign(config.triggers.limits, { min_new_labels: 100, cool_down: 'P12D' });
    change(config);
  });
}

export function policy(config: ModelConfig, name: string, change: Partial<Policy> = {}): Policy {
  const found = shippedPolicies(config).find((one) => one.name === name);
  if (!found) throw new Error(`no policy ${name}`);
  return { ...found, ...change };
}
