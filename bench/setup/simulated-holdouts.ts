/** Made-up holdouts whose truth is known: rows that are independent, or days that move together. */
import type { EvaluationRows } from '../../src/evaluation/judged-rows.ts';
import { metricValue } from '../../src/evaluation/metrics.ts';
import { type RandomStream, randomStream } from '../../src/statistics/random.ts';

const DAY = 86_400_000;
const START = Date.parse('2013-04-01T00:00:00Z');
const ORIGINS = ['EWR', 'JFK', 'LGA'] as const;
/** What the champion, and a candidate that is as good, get wrong. */
export const USUAL_NOISE = 0.3;

export interface Setting {
  readonly days: number;
  readonly rowsADay: number;
  /** Each day has a label rate of its own, and suits each model better or worse. */
  readonly clustered: boolean;
}

/** How a model differs from a good one. */
export interface Flaw {
  readonly noise?: number;
  /** Added to every logit: ranking stays, probabilities do not. */
  readonly bias?: number;
  /** The flaw is in the rows of this origin, or of this region, alone. */
  readonly only?: string;
}

export interface Holdout extends Setting {
  readonly rows: EvaluationRows;
  readonly day: Int32Array;
  /** A model's scores; each call draws a model of its own. */
  readonly scores: (flaw?: Flaw) => Float64Array;
}

export function drawHoldout(random: RandomStream, setting: Setting): Holdout {
  const { days, rowsADay, clustered } = setting;
  const count = days * rowsADay;
  const [label, signal, twist] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  const [origin, region] = [new Array<string>(count), new Array<string>(count)];
  const day = new Int32Array(count);
  for (let d = 0; d < days; d++) {
    const level = -1.2 + (clustered ? 0.5 * random.normal() : 0);
    for (let i = d * rowsADay; i < (d + 1) * rowsADay; i++) {
      signal[i] = random.normal();
      twist[i] = random.normal();
      label[i] = random.uniform() < sigmoid(level + 1.2 * signal[i]! + 0.4 * twist[i]!) ? 1 : 0;
      origin[i] = ORIGINS[Math.floor(3 * random.uniform())]!;
      region[i] = random.uniform() < 0.3 ? 'north' : 'south';
      day[i] = d;
    }
  }
  const rows: EvaluationRows = {
    label,
    eventTime: Float64Array.from(day, (d, i) => START + d * DAY + (i % rowsADay) * 1000),
    id: Array.from(label, (_, i) => `row-${i}`),
    entity: Array.from(label, (_, i) => `entity-${i}`),
    slices: { origin, region },
  };
  const scores = ({ noise = USUAL_NOISE, bias = 0, only }: Flaw = {}) => {
    const suits = Float64Array.from({ length: days }, () => (clustered ? 0.35 * random.normal() : 0));
    return signal.map((value, i) => {
      const hit = only === undefined || origin[i] === only || region[i] === only;
      const blur = (hit ? noise : USUAL_NOISE) * random.normal();
      return sigmoid(-1.2 + value + suits[day[i]!]! * twist[i]! + blur + (hit ? bias : 0));
    });
  };
  return { ...setting, rows, day, scores };
}

/** Noises at which AUC is found, once for each kind of data. */
const GRID = [0.3, 0.36, 0.44, 0.52, 0.6, 0.7, 0.8, 0.9, 1, 1.15, 1.3, 1.5, 1.75, 2, 2.5, 3, 4, 6];
const curves = new Map<boolean, readonly number[]>();

/** The noise at which a model's true AUC is `loss` under that of a usual one, by interpolation on 100,000 rows of 500 days. */
export function noiseForLoss(loss: number, clustered: boolean): number {
  const aucs = curves.get(clustered) ?? aucsOf(clustered);
  curves.set(clustered, aucs);
  const wanted = aucs[0]! - loss;
  const right = aucs.findIndex((auc) => auc <= wanted);
  if (right < 0) throw new RangeError(`no noise of the grid costs an AUC of ${loss}`);
  if (right === 0) return GRID[0]!;
  const [above, below] = [aucs[right - 1]!, aucs[right]!];
  const share = (above - wanted) / (above - below);
  return GRID[right - 1]! + share * (GRID[right]! - GRID[right - 1]!);
}

function aucsOf(clustered: boolean): number[] {
  const setting = { days: 500, rowsADay: 200, clustered };
  return GRID.map((noise) => {
    // The same draws for every noise: only the noise differs.
    const { rows, scores } = drawHoldout(randomStream(20_130_401), setting);
    return metricValue('roc_auc', rows.label, scores({ noise }));
  });
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
