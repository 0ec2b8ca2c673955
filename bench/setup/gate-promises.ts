/** What the gate promises, counted on made-up holdouts whose truth is known: the figures of docs/gate-promises.md. */
import type { ModelConfig } from '../../src/config/model.ts';
import { descend, intervals, outcomes, strictGate, verdicts } from './gate-simulations.ts';
import { type Flaw, noiseForLoss, USUAL_NOISE } from './simulated-holdouts.ts';

/** Shares from 0 to 1. */
export interface GatePromises {
  readonly margin: number;
  readonly rows_a_day: number;
  readonly draws: {
    readonly worse: number;
    readonly equal: number;
    readonly independent: number;
    readonly planted: number;
  };
  /** Candidates that are truly worse by the margin. */
  readonly worse: readonly { readonly clustered: boolean; readonly days: number; readonly promoted: number }[];
  /** The same on 14 days, with rows taken as independent. */
  readonly independent: readonly { readonly clustered: boolean; readonly promoted: number }[];
  readonly equal: readonly {
    readonly clustered: boolean;
    readonly days: number;
    readonly margin: number;
    readonly pass: number;
    readonly inconclusive: number;
    readonly fail: number;
  }[];
  /** Fifty candidates, each worse than the champion of its time by half the margin. */
  readonly fifty: readonly {
    readonly anchored: boolean;
    readonly repeats: number;
    readonly promoted: number;
    readonly lost_mean: number;
    readonly lost_most: number;
  }[];
  readonly planted_on: { readonly days: number; readonly rows_a_day: number };
  readonly planted: readonly {
    readonly clustered: boolean;
    readonly name: string;
    /** Beginning of the name of the rule that should fail; null where nothing was planted. */
    readonly rule: string | null;
    readonly failed: number;
    readonly named: number | null;
    readonly promoted: number;
  }[];
}

const MARGIN = 0.01;
const MARGINS = [0.005, 0.01, 0.02];
const DAYS = [6, 10, 14, 20, 30, 60];
const ROWS_A_DAY = 150;
const DRAWS = { worse: 1000, equal: 400, independent: 200, planted: 60 };
const DESCENTS = 20;
/** Deeper than that no champion came; candidates would have nothing left to lose. */
const MOST_STEPS = 30;
const PLANTED_ON = { days: 28, rows_a_day: 300 };

type Say = (sentence: string) => void;

/** Minutes of CPU time; `say` tells what is counted. */
export async function countGatePromises(say: Say): Promise<GatePromises> {
  const config = await strictGate();
  const [worse, independent, equal]: [
    GatePromises['worse'][number][],
    GatePromises['independent'][number][],
    GatePromises['equal'][number][],
  ] = [[], [], []];
  for (const clustered of [false, true]) {
    const flaw = { noise: noiseForLoss(MARGIN, clustered) };
    for (const days of DAYS) {
      say(`${clustered ? 'days move together' : 'independent rows'}, ${days} days …`);
      const setting = { days, rowsADay: ROWS_A_DAY, clustered };
      worse.push({ clustered, days, promoted: outcomes(intervals(DRAWS.worse, setting, flaw), MARGIN).pass });
      const found = intervals(DRAWS.equal, setting, {});
      equal.push(...MARGINS.map((margin) => ({ clustered, days, margin, ...outcomes(found, margin) })));
    }
    const setting = { days: 14, rowsADay: ROWS_A_DAY, clustered };
    const naive = intervals(DRAWS.independent, setting, flaw, true);
    independent.push({ clustered, promoted: outcomes(naive, MARGIN).pass });
  }
  return {
    ...{ margin: MARGIN, rows_a_day: ROWS_A_DAY, draws: DRAWS, worse, independent, equal },
    fifty: [true, false].map((anchored) => fifty(say, anchored)),
    planted_on: PLANTED_ON,
    planted: planted(say, config),
  };
}

function fifty(say: Say, anchored: boolean): GatePromises['fifty'][number] {
  say(`fifty candidates, each worse by half the margin, ${anchored ? 'with' : 'without'} the anchor …`);
  const step = MARGIN / 2;
  const noises = Array.from({ length: MOST_STEPS + 1 }, (_, k) =>
    k === 0 ? USUAL_NOISE : noiseForLoss(k * step, true),
  );
  const setting = { days: 30, rowsADay: ROWS_A_DAY, clustered: true };
  const ends = Array.from({ length: DESCENTS }, (_, k) => {
    const run = { candidates: 50, margin: MARGIN, step, seed: 9000 + k };
    return descend(run, setting, (steps) => noises[Math.min(steps, MOST_STEPS)] ?? USUAL_NOISE, anchored);
  });
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    ...{ anchored, repeats: DESCENTS, promoted: mean(ends.map((end) => end.promoted)) },
    ...{ lost_mean: mean(ends.map(({ lost }) => lost)), lost_most: Math.max(...ends.map(({ lost }) => lost)) },
  };
}

/** Sizes are the same for both kinds of data, where they are losses of true AUC. */
function flaws(clustered: boolean): readonly (readonly [name: string, flaw: Flaw, rule: string | null])[] {
  const worse = (loss: number) => ({ noise: noiseForLoss(loss, clustered) });
  const [airport, north] = ['slice/origin=LGA', 'fairness/region=north'];
  return [
    ['nothing', {}, null],
    ['whole model, AUC worse by 0.03', worse(0.03), 'primary'],
    ['whole model, AUC worse by 0.05', worse(0.05), 'primary'],
    ['one of three airports, AUC worse by 0.06 there', { ...worse(0.06), only: 'LGA' }, airport],
    ['one of three airports, AUC worse by 0.10 there', { ...worse(0.1), only: 'LGA' }, airport],
    ['calibration only, logits higher by 0.5', { bias: 0.5 }, 'guard/log_loss'],
    ['calibration only, logits higher by 1', { bias: 1 }, 'guard/log_loss'],
    ['one protected group, logits lower by 0.5', { bias: -0.5, only: 'north' }, north],
    ['one protected group, logits lower by 0.8', { bias: -0.8, only: 'north' }, north],
  ];
}

function planted(say: Say, config: ModelConfig): GatePromises['planted'] {
  return [false, true].flatMap((clustered) =>
    flaws(clustered).map(([name, flaw, rule]) => {
      say(`planted on ${clustered ? 'days that move together' : 'independent rows'}: ${name} …`);
      const setting = { days: PLANTED_ON.days, rowsADay: PLANTED_ON.rows_a_day, clustered };
      const { failed, passed, named } = verdicts(DRAWS.planted, config, setting, flaw, rule ?? 'none');
      return { clustered, name, rule, failed, named: rule === null ? null : named, promoted: passed };
    }),
  );
}
