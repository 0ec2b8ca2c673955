/**
 * Owns the sequential comparison of two rates, such as errors of a canary against the champion: it may be looked at
 * after every poll, for as long as one likes, and still raises a false alarm with probability at most alpha.
 *
 * For one increment with n₁ canary and n₀ champion requests and betting rates θ₁ > θ₀ with pooled mean θ° the factor
 * Π pθ₁(y) Π pθ₀(y) / Π pθ°(y) has expectation (1 + c n₀ (p₁ − θ°))^n₁ (1 − c n₁ (p₀ − θ°))^n₀ ≤ exp(c n₀ n₁ (p₁ − p₀)),
 * c = (θ₁ − θ₀)/((n₁ + n₀) θ° (1 − θ°)): at most 1 whenever the canary is no worse (p₁ ≤ p₀). Bets only use earlier
 * increments, so products are e-processes, and so is their mean over several bets.
 *
 * @see Turner, Ly and Grünwald (2024), Generic E-variables for exact sequential k-sample tests
 */

/** Cumulative counters of both arms. `events` is the bad thing counted. */
export interface ArmCounts {
  readonly trials: number;
  readonly events: number;
}

/** JSON-able; start from `startRateTest()` and fold increments in with `updateRateTest`. */
export interface RateTest {
  readonly canary: ArmCounts;
  readonly champion: ArmCounts;
  /** Log of the e-value of each bet. */
  readonly bets: readonly number[];
}

/** Each bet says: the canary's rate is this many times the champion's. */
const RATIOS = [1.25, 1.5, 2, 4, 10, 50];

export const startRateTest = (): RateTest => ({
  canary: { trials: 0, events: 0 },
  champion: { trials: 0, events: 0 },
  bets: RATIOS.map(() => 0),
});

/**
 * Folds in what happened since the last look.
 *
 * @param canary requests and events of the canary in this increment (not cumulative)
 * @throws RangeError when events exceed trials or a count is negative
 */
export function updateRateTest(test: RateTest, canary: ArmCounts, champion: ArmCounts): RateTest {
  for (const { trials, events } of [canary, champion]) {
    if (!(events >= 0 && events <= trials)) throw new RangeError(`${events} events in ${trials} trials are impossible`);
  }
  // The champion's rate as known before this increment; half an event more, so that it is never zero.
  const known = test.champion.trials + test.canary.trials;
  const base = (test.champion.events + test.canary.events + 0.5) / (known + 50);
  const bets = test.bets.map((logE, i) => logE + logFactor(canary, champion, base, Math.min(0.99, base * RATIOS[i]!)));
  return { canary: add(test.canary, canary), champion: add(test.champion, champion), bets };
}

/** The evidence that the canary's rate is higher: reject "no worse" at level alpha once it reaches 1/alpha. */
export function eValue(test: RateTest): number {
  const top = Math.max(...test.bets);
  return Math.exp(top) * (test.bets.reduce((sum, logE) => sum + Math.exp(logE - top), 0) / test.bets.length);
}

function logFactor(canary: ArmCounts, champion: ArmCounts, theta0: number, theta1: number): number {
  const total = canary.trials + champion.trials;
  if (canary.trials === 0 || champion.trials === 0 || theta1 <= theta0) return 0;
  const pooled = (canary.trials * theta1 + champion.trials * theta0) / total;
  const likelihood = ({ trials, events }: ArmCounts, theta: number) =>
    events * Math.log(theta / pooled) + (trials - events) * Math.log((1 - theta) / (1 - pooled));
  return likelihood(canary, theta1) + likelihood(champion, theta0);
}

const add = (a: ArmCounts, b: ArmCounts): ArmCounts => ({ trials: a.trials + b.trials, events: a.events + b.events });
