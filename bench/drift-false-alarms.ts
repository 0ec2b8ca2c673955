/** How often a report on unchanged rows says "moved", by size, and how often it sees a shift: the price and the worth of its limits. */
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { withDuckDb } from '../src/data/engine.ts';
import { quoteName, quoteText } from '../src/data/sql-text.ts';
import type { CategoricalProfile, ColumnProfile, Profile } from '../src/drift/contract.ts';
import { judgeDrift } from '../src/drift/judge.ts';
import { read } from '../src/drift/profile.ts';
import { freeze } from '../src/drift/reference.ts';
import { profileOfValues } from '../src/drift/values.ts';
import { type RandomStream, randomStream } from '../src/statistics/random.ts';
import type { Benchmark, BenchmarkResult } from './contract.ts';
import { CATEGORICAL, NUMERIC } from './setup/drift-windows.ts';

const SIZES = [30, 60, 100, 300, 1_000, 3_000, 10_000, 50_000];
const SHIFTS = [0.25, 0.5, 1];
const DRAWS = 200;
const SHIFTED = 'temp_f';
const events = resolve(import.meta.dirname, '../examples/flights_nyc_2013/events/2013-0[1-3].parquet');

interface Town {
  readonly rows: number;
  readonly numeric: ReadonlyMap<string, Float64Array>;
  readonly text: ReadonlyMap<string, readonly (string | null)[]>;
}

export const benchmark: Benchmark = {
  about: `false alarms over 19 columns without any change, ${DRAWS} draws a size; the peer is "PSI > 0.1" alone; then what is seen of a true shift`,
  async run(progress) {
    const town = await load();
    const results: BenchmarkResult[] = [];
    for (const n of SIZES) {
      progress(`${n} rows a side, ${DRAWS} draws …`);
      const random = randomStream(n);
      const reports = Array.from({ length: DRAWS }, () => compare(town, n, random, [...NUMERIC, ...CATEGORICAL], 0));
      const share = (test: (report: (typeof reports)[number]) => boolean) =>
        (reports.filter(test).length / DRAWS) * 100;
      results.push({
        metric: `reports with a column that "moved", ${n} rows, nothing changed`,
        unit: '% of reports',
        ours: share(({ dataset }) => dataset.verdict === 'moved'),
        peer: share(({ columns }) => Object.values(columns).some(({ psi }) => (psi ?? 0) > 0.1)),
        limit: 5,
        repeats: DRAWS,
      });
    }
    for (const shift of SHIFTS) {
      for (const n of SIZES) {
        const random = randomStream(n + Math.round(shift * 1000));
        const seen = Array.from({ length: DRAWS }, () => compare(town, n, random, [SHIFTED], shift)).filter(
          ({ dataset }) => dataset.verdict === 'moved',
        );
        const metric = `a shift of ${shift} standard deviations seen, ${n} rows (more is better)`;
        results.push({ metric, unit: '% of reports', ours: (seen.length / DRAWS) * 100, repeats: DRAWS });
      }
    }
    return results;
  },
};

function compare(town: Town, n: number, random: RandomStream, names: readonly string[], shift: number) {
  const reference = freeze(draw(town, n, random, names, 0), 'the reference');
  const current = draw(town, n, random, names, shift);
  return judgeDrift(reference, current, { psiLimit: 0.1, minRows: 20, days: null, windowName: 'now' });
}

/** Rows drawn with replacement, whole rows at a time; `shift` in standard deviations of each number. */
function draw(town: Town, n: number, random: RandomStream, names: readonly string[], shift: number): Profile {
  const rows = Int32Array.from({ length: n }, () => Math.floor(random.uniform() * town.rows));
  const columns: Record<string, ColumnProfile> = {};
  for (const name of names) {
    const numbers = town.numeric.get(name);
    const texts = town.text.get(name);
    if (numbers) {
      const step = shift === 0 ? 0 : shift * spread(numbers);
      columns[name] = profileOfValues(Float64Array.from(rows, (row) => (numbers[row] ?? Number.NaN) + step));
    } else if (texts) columns[name] = levelsOf(Array.from(rows, (row) => texts[row] ?? null));
  }
  return { rows: n, columns };
}

function spread(values: Float64Array): number {
  const known = values.filter((value) => Number.isFinite(value));
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length);
}

function levelsOf(values: readonly (string | null)[]): CategoricalProfile {
  const counts = new Map<string, number>();
  let missing = 0;
  for (const value of values) {
    if (value === null) missing++;
    else counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const ordered = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return {
    ...{ kind: 'categorical', rows: values.length, missing, other: 0 },
    levels: ordered.map(([level]) => level),
    counts: ordered.map(([, count]) => count),
  };
}

async function load(): Promise<Town> {
  return withDuckDb({ tempDir: tmpdir() }, async (db) => {
    const select = [...NUMERIC.map((name) => `${quoteName(name)}::DOUBLE`), ...CATEGORICAL.map(quoteName)];
    const found = await read(db, `SELECT ${select.join(', ')} FROM read_parquet(${quoteText(events)})`);
    const numeric = NUMERIC.map((name, i): [string, Float64Array] => [
      name,
      Float64Array.from(found[i] ?? [], (value) => (value === null ? Number.NaN : Number(value))),
    ]);
    const text = CATEGORICAL.map((name, i): [string, (string | null)[]] => [
      name,
      (found[NUMERIC.length + i] ?? []) as (string | null)[],
    ]);
    return { rows: found[0]?.length ?? 0, numeric: new Map(numeric), text: new Map(text) };
  });
}
