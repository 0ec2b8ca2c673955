/** Invented rows that show whether an engine elsewhere makes the same features. Never real ones: a bundle leaves the house. */
import { LoadedVersion } from '../serving/loaded-version.ts';
import type { ScoreSource } from '../serving/version-files.ts';
import type { EmbeddedBundle, RawExample } from './contract.ts';

const PROBES = 24;

/** What a column of a type may hold, odd values among them; null is added to each. */
const SAMPLES: readonly (readonly [RegExp, readonly RawExample[string][]])[] = [
  [/^BOOLEAN$/, [true, false]],
  [/^U/, [0, 1, 7, 100, 255]],
  [/^(TINY|SMALL)?INT|^INTEGER|^BIGINT/, [0, 1, -1, 7, 59, 60, 100]],
  [/^(FLOAT|DOUBLE|DECIMAL)/, [0, -0, 0.1, -2.5, 1e-7, 123_456.789, 16_777_217]],
  [/^(TIMESTAMP|DATE)/, ['2013-01-01T00:00:00.000Z', '2016-02-29T23:59:59.999Z', '2024-12-31T12:30:00.000Z']],
  [/./, ['', 'a', 'UA', 'Ünïcode ✈', "it's", 'unseen']],
];

/** @throws as LoadedVersion */
export async function probesOf(
  source: ScoreSource,
  inputs: ReadonlyMap<string, string>,
): Promise<EmbeddedBundle['probes']> {
  const columns = [...inputs].map(([name, type]) => {
    const values = SAMPLES.find(([pattern]) => pattern.test(type))?.[1] ?? [];
    return { name, values: [...values, null] };
  });
  // Columns take turns at different paces, so that values meet in many ways.
  const rows = Array.from(
    { length: PROBES },
    (_, row): RawExample =>
      Object.fromEntries(
        columns.map(({ name, values }, i) => [name, values[(row * (i + 1) + i) % values.length] ?? null]),
      ),
  );
  const loaded = await LoadedVersion.load(source);
  try {
    const { predictions, numeric, categorical } = await loaded.score(rows);
    const width = source.signature.numeric.length;
    const classes = predictions.length / rows.length;
    return rows.map((row, i) => ({
      row,
      numeric: [...numeric.subarray(i * width, (i + 1) * width)].map((value) => (Number.isNaN(value) ? null : value)),
      categorical: categorical.map((column) => column[i] ?? ''),
      prediction: [...predictions.subarray(i * classes, (i + 1) * classes)],
    }));
  } finally {
    await loaded.release();
  }
}
