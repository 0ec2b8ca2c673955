/** Rows a bin and day of a reference, counted in DuckDB: what its noise bands are made from. */
import type { Connection } from '../data/engine.ts';
import { quoteName, quoteNumber, quoteText } from '../data/sql-text.ts';
import { binCount } from './bins.ts';
import type { FrozenBins } from './contract.ts';
import type { DayCounts } from './noise-bands.ts';
import { levelOf, numberOf, readAll } from './profile.ts';

/**
 * Days with under a quarter of the usual rows are not whole and are left out.
 *
 * @param day SQL expression of the day number
 */
export async function dayCounts(
  db: Connection,
  relation: string,
  day: string,
  columns: Readonly<Record<string, FrozenBins>>,
): Promise<Map<string, DayCounts>> {
  const names = Object.keys(columns);
  const selects = names.map(
    // Equal values of a day are counted first, and their bin is looked up once.
    (name, i) => `(SELECT ${i}, d, ${binSql('x', columns[name]!)}, sum(n)::DOUBLE FROM
      (SELECT (${day})::INT, ${quoteName(name)}, count(*) FROM ${relation} GROUP BY ALL) t(d, x, n) GROUP BY 1, 2, 3)`,
  );
  const [at, days, bins, counts] = names.length === 0 ? [] : await readAll(db, selects);
  const byColumn = names.map(() => new Map<number, Float64Array>());
  at?.forEach((column, i) => {
    const own = byColumn[Number(column)]!;
    const key = Number(days?.[i]);
    const row = own.get(key) ?? new Float64Array(binCount(columns[names[Number(column)]!]!));
    own.set(key, row);
    row[Number(bins?.[i])] = Number(counts?.[i]);
  });
  return new Map(names.map((name, i) => [name, wholeDays(byColumn[i]!)]));
}

export function wholeDays(byDay: Map<number, Float64Array>): DayCounts {
  const ordered = [...byDay].sort(([a], [b]) => a - b).map(([, counts]) => counts);
  const rows = ordered.map((counts) => counts.reduce((sum, count) => sum + count, 0));
  const usual = [...rows].sort((a, b) => a - b)[rows.length >> 1] ?? 0;
  return ordered.filter((_, i) => (rows[i] ?? 0) >= usual / 4);
}

function binSql(name: string, bins: FrozenBins): string {
  if (bins.kind === 'categorical') {
    const x = levelOf(name);
    if (bins.levels.length === 0) return `CASE WHEN ${x} IS NULL THEN 1 ELSE 0 END`;
    const place = `list_position([${bins.levels.map(quoteText).join(', ')}], ${x})`;
    return `CASE WHEN ${x} IS NULL THEN ${bins.levels.length + 1} ELSE coalesce(${place} - 1, ${bins.levels.length}) END`;
  }
  const x = `${quoteName(name)}::DOUBLE`;
  const cases = bins.cuts.map((cut, i) => `WHEN ${x} <= ${quoteNumber(cut)} THEN ${i + 1}`);
  const over = bins.cuts.length + 2;
  return `CASE WHEN (${numberOf(name)}) IS NULL THEN ${over + 1} WHEN ${x} < ${quoteNumber(bins.lo)} THEN 0
    ${cases.join(' ')} WHEN ${x} <= ${quoteNumber(bins.hi)} THEN ${bins.cuts.length + 1} ELSE ${over} END`;
}
