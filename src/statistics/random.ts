/**
 * The random numbers of hone's statistics: xoroshiro128+ of the package pure-rand, fixed by one 32-bit seed.
 * The same seed gives the same stream on every machine, so the same rows give the same verdict to the byte.
 */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export interface RandomStream {
  /** Uniform in [0, 1), 32 bits. */
  uniform(): number;
  /** Poisson with mean 1. */
  poisson(): number;
  /** Standard normal (Marsaglia's polar method). */
  normal(): number;
}

/** P(X ≤ k) of a Poisson with mean 1, k = 0 … 12; what is above has probability under 1e-10. */
const POISSON = (() => {
  const table: number[] = [];
  let term = Math.exp(-1);
  let sum = 0;
  for (let k = 0; k <= 12; k++) {
    sum += term;
    table.push(sum);
    term /= k + 1;
  }
  return table;
})();

/** @param seed taken modulo 2^32 */
export function randomStream(seed: number): RandomStream {
  const generator = xoroshiro128plus(seed | 0);
  // Neighbouring seeds start from nearly equal states: let them mix before the first number counts.
  for (let i = 0; i < 64; i++) generator.next();
  const uniform = () => (generator.next() >>> 0) / 4_294_967_296;
  return {
    uniform,
    poisson() {
      const u = uniform();
      let k = 0;
      while (k < POISSON.length && u >= POISSON[k]!) k++;
      return k;
    },
    normal() {
      for (;;) {
        const [u, v] = [2 * uniform() - 1, 2 * uniform() - 1];
        const s = u * u + v * v;
        if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s);
      }
    },
  };
}
