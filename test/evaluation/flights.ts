/** The shipped model file, changed by each test, and made-up rows of whole days with known differences between models. */
import { fileURLToPath } from 'node:url';
import { loadWorkspace, modelOf } from '../../src/config/load.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import type { EvaluationRows } from '../../src/evaluation/judged-rows.ts';
import { randomStream } from '../../src/statistics/random.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DAY = 86_400_000;

type Gate = ModelConfig['gate'];
export type Changes = Partial<Omit<ModelConfig, 'gate'>> & {
  gate?: { [Part in keyof Gate]?: Gate[Part] extends object ? Partial<Gate[Part]> : Gate[Part] };
};

/** The model file `flights-delay`, with parts of it replaced. */
export async function flights(changes: Changes = {}): Promise<ModelConfig> {
  const { config } = modelOf(await loadWorkspace(ROOT), 'flights-delay');
  const gate = { ...config.gate } as Record<string, unknown>;
  for (const [part, value] of Object.entries(changes.gate ?? {})) {
    const whole = gate[part];
    const merge = typeof value === 'object' && typeof whole === 'object' && part !== 'floors';
    gate[part] = merge ? { ...whole, ...value } : value;
  }
  return { ...config, ...changes, gate: gate as unknown as Gate };
}

export interface Town {
  readonly rows: EvaluationRows;
  /** Scores of a model: `noise` blurs them, `only` limits the blur to one origin, `bias` shifts them on the logit scale. */
  readonly scores: (noise: number, options?: { only?: string; bias?: number; seed?: number }) => Float64Array;
}

/** `perDay` flights a day from 1 April 2013 on; the third airport is the smallest. */
export function town(options: { days?: number; perDay?: number; from?: string } = {}): Town {
  const { days = 14, perDay = 300, from = '2013-04-01T00:00:00Z' } = options;
  const random = randomStream(42);
  const rows = days * perDay;
  const start = Date.parse(from);
  const signal = Float64Array.from({ length: rows }, () => -1.2 + 1.1 * random.normal());
  const origin = Array.from({ length: rows }, () => ['JFK', 'LGA', 'EWR'][Math.floor(2.4 * random.uniform())]!);
  const label = signal.map((value) => (random.uniform() < sigmoid(value) ? 1 : 0));
  return {
    rows: {
      label,
      eventTime: Float64Array.from(
        { length: rows },
        (_, i) => start + Math.floor(i / perDay) * DAY + (i % perDay) * 60_000,
      ),
      id: Array.from({ length: rows }, (_, i) => `flight-${i}`),
      entity: Array.from({ length: rows }, (_, i) => `tail-${i % 997}`),
      slices: { origin, carrier: Array.from({ length: rows }, (_, i) => (i % 50 === 0 ? 'HA' : 'UA')) },
    },
    scores(noise, { only, bias = 0, seed = 1 } = {}) {
      const own = randomStream(seed);
      return signal.map((value, i) => {
        const blur = own.normal() * (only === undefined || origin[i] === only ? noise : 0);
        return sigmoid(value + blur + bias);
      });
    },
  };
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
