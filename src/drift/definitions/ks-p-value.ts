/** The p-value of the two-sample Kolmogorov–Smirnov test, as `scipy.stats.ks_2samp` chooses it. */

/** Up to this many rows a side, scipy counts exactly. */
const exactRows = 10_000;

/** @param d the two-sided statistic; @param n and @param m rows of the sides */
export function ksPValue(d: number, n: number, m: number): number {
  if (Math.max(n, m) <= exactRows) return exactTwoSample(d, n, m);
  return oneSampleTail(Math.round((n * m) / (n + m)), d);
}

/**
 * Share of the lattice paths from (0, 0) to (n, m) that leave the band of width `d` around the diagonal. The share of a
 * point is the mean of its two predecessors', weighted by their paths, so small tails keep their digits.
 *
 * @see Hodges (1958)
 */
function exactTwoSample(d: number, n: number, m: number): number {
  const g = gcd(n, m);
  const [stepN, stepM] = [m / g, n / g];
  const h = Math.round((d * n * m) / g);
  if (h === 0) return 1;
  const outside = new Float64Array(m + 1);
  for (let i = 0; i <= n; i++) {
    for (let j = 0; j <= m; j++) {
      if (Math.abs(i * stepN - j * stepM) >= h) outside[j] = 1;
      else if (i + j > 0) outside[j] = (i * (outside[j] ?? 0) + j * (j > 0 ? (outside[j - 1] ?? 0) : 0)) / (i + j);
    }
  }
  return Math.min(1, outside[m] ?? 1);
}

/** Survival function of the one-sample two-sided statistic. @see Simard and L'Ecuyer (2011) for the choice of method */
function oneSampleTail(n: number, d: number): number {
  if (d >= 1) return 0;
  if (d <= 0 || n * d <= 0.5) return 1;
  const square = n * d * d;
  if (d >= 0.5 || square >= (n <= 140 ? 4 : 2.2)) return Math.min(1, 2 * smirnov(n, d));
  return Math.max(0, 1 - marsagliaTsangWang(n, d));
}

/** Survival function of the one-sided statistic. @see Birnbaum and Tingey (1951) */
function smirnov(n: number, d: number): number {
  let [sum, logChoose] = [0, 0];
  for (let j = 0; j <= Math.floor(n * (1 - d)); j++) {
    if (j > 0) logChoose += Math.log((n - j + 1) / j);
    const rest = 1 - d - j / n;
    const tail = n === j ? 0 : (n - j) * Math.log(Math.max(rest, Number.MIN_VALUE));
    sum += Math.exp(logChoose + (j - 1) * Math.log(d + j / n) + tail);
  }
  return d * sum;
}

/** Distribution function by a power of a matrix. @see Marsaglia, Tsang and Wang (2003) */
function marsagliaTsangWang(n: number, d: number): number {
  const k = Math.floor(n * d) + 1;
  const size = 2 * k - 1;
  const h = k - n * d;
  const matrix = new Float64Array(size * size);
  const factorials = Array.from({ length: size + 2 }, () => 1);
  for (let i = 1; i < factorials.length; i++) factorials[i] = i * (factorials[i - 1] ?? 1);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= Math.min(i + 1, size - 1); j++) matrix[i * size + j] = 1 / (factorials[i - j + 1] ?? 1);
  }
  for (let i = 0; i < size; i++) {
    matrix[i * size]! -= h ** (i + 1) / (factorials[i + 1] ?? 1);
    matrix[(size - 1) * size + i]! -= h ** (size - i) / (factorials[size - i] ?? 1);
  }
  matrix[(size - 1) * size]! += 2 * h - 1 > 0 ? (2 * h - 1) ** size / (factorials[size] ?? 1) : 0;
  let { values, exponent } = power(matrix, size, n);
  let result = values[(k - 1) * size + k - 1] ?? 0;
  for (let i = 1; i <= n; i++) {
    result = (result * i) / n;
    if (result < 1e-140) [result, exponent] = [result * 1e140, exponent - 140];
  }
  return result * 10 ** exponent;
}

function power(matrix: Float64Array, size: number, n: number): { values: Float64Array; exponent: number } {
  if (n === 1) return { values: matrix, exponent: 0 };
  const half = power(matrix, size, n >> 1);
  let values = product(half.values, half.values, size);
  if (n % 2 === 1) values = product(values, matrix, size);
  let exponent = 2 * half.exponent;
  const middle = (size >> 1) * size + (size >> 1);
  if ((values[middle] ?? 0) > 1e140) {
    values = values.map((value) => value * 1e-140);
    exponent += 140;
  }
  return { values, exponent };
}

function product(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const c = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const x = a[i * size + k] ?? 0;
      if (x !== 0) for (let j = 0; j < size; j++) c[i * size + j]! += x * (b[k * size + j] ?? 0);
    }
  }
  return c;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
