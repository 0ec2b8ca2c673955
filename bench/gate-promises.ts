/** What the gate promises, counted on made-up holdouts whose truth is known. The tables of docs/gate-promises.md. */
import type { Benchmark, BenchmarkResult } from './contract.ts';
import { descend, intervals, outcomes, strictGate, verdicts } from './setup/gate-simulations.ts';
import { noiseForLoss, USUAL_NOISE } from './setup/simulated-holdouts.ts';

const DELTA = 0.01;
const DAYS = [6, 10, 14, 20, 30, 60];
const ROWS_A_DAY = 150;
const DRAWS = 400;
const DESCENTS = 20;
/** Deeper than that no champion came; candidates would have nothing left to lose. */
const MOST_STEPS = 30;
const PLANTED_DRAWS = 40;

export const benchmark: Benchmark = {
  about: `false promotions and power of the gate under independent rows and under days that move together, ${DRAWS} draws each; ours in %, limit 5 % for candidates worse by the margin`,
  async run(progress) {
    const results: BenchmarkResult[] = [];
    const say = (metric: string, ours: number, repeats: number, limit?: number) =>
      results.push({ metric, unit: '%', ours: 100 * ours, repeats, ...(limit === undefined ? {} : { limit }) });
    for (const clustered of [false, true]) {
      const data = clustered ? 'days move together' : 'independent rows';
      const worse = noiseForLoss(DELTA, clustered);
      for (const days of DAYS) {
        progress(`${data}, ${days} days …`);
        const setting = { days, rowsADay: ROWS_A_DAY, clustered };
        const found = intervals(DRAWS, setting, { noise: worse });
        say(`${data}, ${days} days: worse by ${DELTA}, promoted`, outcomes(found, DELTA).pass, DRAWS, 5);
        const equal = intervals(DRAWS, setting, {});
        for (const margin of [0.005, 0.01, 0.02]) {
          const shares = outcomes(equal, margin);
          for (const verdict of ['pass', 'inconclusive', 'fail'] as const) {
            say(`${data}, ${days} days: equal, margin ${margin}, ${verdict}`, shares[verdict], DRAWS);
          }
        }
      }
      const setting = { days: 14, rowsADay: ROWS_A_DAY, clustered };
      const naive = outcomes(intervals(DRAWS / 4, setting, { noise: worse }, true), DELTA).pass;
      say(`${data}, 14 days: worse by ${DELTA}, promoted if rows were taken as independent`, naive, DRAWS / 4);
    }
    fifty(progress, results);
    await planted(progress, say);
    return results;
  },
};

function fifty(progress: (sentence: string) => void, results: BenchmarkResult[]): void {
  const step = DELTA / 2;
  const noises = Array.from({ length: MOST_STEPS + 1 }, (_, k) =>
    k === 0 ? USUAL_NOISE : noiseForLoss(k * step, true),
  );
  for (const anchored of [true, false]) {
    progress(`fifty candidates, each worse by half the margin, ${anchored ? 'with' : 'without'} the anchor …`);
    const ends = Array.from({ length: DESCENTS }, (_, k) =>
      descend(
        { candidates: 50, margin: DELTA, step, seed: 9000 + k },
        { days: 30, rowsADay: ROWS_A_DAY, clustered: true },
        (steps) => noises[Math.min(steps, MOST_STEPS)]!,
        anchored,
      ),
    );
    const name = `fifty candidates each worse by ${step}, ${anchored ? 'with' : 'without'} the anchor`;
    const mean = ends.reduce((sum, { lost }) => sum + lost, 0) / ends.length;
    const of = { unit: 'AUC', repeats: DESCENTS };
    results.push({ metric: `${name}: lost on average`, ours: mean, ...of });
    results.push({ metric: `${name}: lost at most`, ours: Math.max(...ends.map(({ lost }) => lost)), ...of });
    const promoted = ends.reduce((sum, end) => sum + end.promoted, 0) / ends.length;
    results.push({ metric: `${name}: promoted`, unit: 'of 50', ours: promoted, repeats: DESCENTS });
  }
}

async function planted(
  progress: (sentence: string) => void,
  say: (metric: string, ours: number, repeats: number) => void,
): Promise<void> {
  const config = await strictGate();
  const setting = { days: 28, rowsADay: 300, clustered: true };
  const cases = [
    ['nothing', {}, 'none'],
    ['whole, AUC worse by 0.03', { noise: noiseForLoss(0.03, true) }, 'primary'],
    ['whole, AUC worse by 0.05', { noise: noiseForLoss(0.05, true) }, 'primary'],
    [
      'one of three airports, AUC worse by 0.06 there',
      { noise: noiseForLoss(0.06, true), only: 'LGA' },
      'slice/origin=LGA',
    ],
    [
      'one of three airports, AUC worse by 0.10 there',
      { noise: noiseForLoss(0.1, true), only: 'LGA' },
      'slice/origin=LGA',
    ],
    ['calibration only, logits higher by 0.5', { bias: 0.5 }, 'guard/log_loss'],
    ['calibration only, logits higher by 1', { bias: 1 }, 'guard/log_loss'],
    ['one protected group, logits lower by 0.5', { bias: -0.5, only: 'north' }, 'fairness/region=north'],
    ['one protected group, logits lower by 0.8', { bias: -0.8, only: 'north' }, 'fairness/region=north'],
  ] as const;
  for (const [name, flaw, rule] of cases) {
    progress(`planted: ${name} …`);
    const { failed, passed, named } = verdicts(PLANTED_DRAWS, config, setting, flaw, rule);
    say(`planted, ${name}: not promoted`, 1 - passed, PLANTED_DRAWS);
    say(`planted, ${name}: verdict fail`, failed, PLANTED_DRAWS);
    if (rule !== 'none') say(`planted, ${name}: ${rule} failed`, named, PLANTED_DRAWS);
  }
}
