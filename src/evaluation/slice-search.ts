/** Looks for groups that nobody declared and that lose: every feature alone, and the weightiest in pairs. */
import type { ModelConfig } from '../config/model.ts';
import type { FeatureRows } from '../data/columns.ts';
import type { Signature } from '../registry/contract.ts';
import { dot } from '../statistics/block-statistic.ts';
import { pBelow } from '../statistics/intervals.ts';
import { blockJackknife } from '../statistics/jackknife.ts';
import { holm } from '../statistics/multiple-testing.ts';
import type { FoundSlice } from './contract.ts';
import type { JudgedRows } from './judged-rows.ts';
import { rowLosses } from './losses.ts';
import { meanOfRows } from './row-weights.ts';
import { type Binned, binnedColumns } from './slice-bins.ts';

const LEVEL = 0.05;
/** Of the cells that look worst in one half of the blocks, so many alone and so many in pairs are judged in the other. */
const JUDGED_EACH = 5;
const PAIRED_COLUMNS = 10;
/** A loss that is worse by less, as a share of the champion's on all rows, is nobody's concern. */
const NOTABLE = 0.02;

export interface SearchInput {
  readonly config: ModelConfig;
  readonly rows: FeatureRows;
  readonly judged: JudgedRows;
  readonly signature: Signature;
  /** Shares by feature, where the trainer gave any: the weightiest are paired. */
  readonly importance: Readonly<Record<string, number>> | null;
  /** In the order of `judged`; multiclass rows × classes. */
  readonly candidate: Float64Array;
  readonly champion: Float64Array;
}

export interface SliceSearch {
  /** Groups of enough rows that were looked at. */
  readonly searched: number;
  /** Shown to be worse, Holm over all that were judged; the largest loss first. */
  readonly found: FoundSlice[];
}

/**
 * Searches in every second block and judges in the others, so that what is found was not chosen by its own noise. The
 * loss is log loss, or the squared error of a regression. "It is not worse by 2 % of the champion's loss" must be
 * rejected with all candidates together at 5 %: where nothing is worse, one search in twenty finds something.
 *
 * @returns null where there are too few blocks for two halves, or the file says `search: off`
 */
export function searchSlices(input: SearchInput): SliceSearch | null {
  const { config, judged } = input;
  const { min_rows: minRows, search } = config.gate.slices;
  if (search === 'off' || judged.blocks < 2 * Math.max(2, config.gate.uncertainty.min_blocks)) return null;
  const lossesOf = (scores: Float64Array) => rowLosses(config.task, judged.labels, scores, judged.classes);
  const losses = { candidate: lossesOf(input.candidate), champion: lossesOf(input.champion) };
  const notable = NOTABLE * meanOfRows(judged, losses.champion);
  const singles = binnedColumns(input.rows, judged.index, input.signature);
  const weight = (column: Binned) => input.importance?.[column.name] ?? 0;
  const paired = singles.toSorted((a, b) => weight(b) - weight(a)).slice(0, PAIRED_COLUMNS);
  const pairs = paired.flatMap((one, i) => paired.slice(i + 1).map((other) => [one, other] as const));

  const measure = (columns: readonly Binned[]) => cellsOf(columns, judged, losses, minRows);
  const [alone, together] = [singles.flatMap((one) => measure([one])), pairs.flatMap(measure)];
  const worst = (cells: readonly Cell[]) =>
    cells
      .map((cell) => ({ cell, t: searchStatistic(cell, notable) }))
      .filter(({ t }) => t > 0)
      .sort((a, b) => b.t - a.t)
      .slice(0, JUDGED_EACH)
      .map(({ cell }) => cell);
  const judgedCells = [...worst(alone), ...worst(together)].map((cell) => judgeCell(cell, notable));
  const adjusted = holm(judgedCells.map(({ p }) => p));
  const found = judgedCells.flatMap(({ slice }, i) => (adjusted[i]! < LEVEL ? [{ ...slice, p: adjusted[i]! }] : []));
  const size = ({ difference }: FoundSlice) => difference.estimate ?? 0;
  return { searched: alone.length + together.length, found: found.sort((a, b) => size(a) - size(b)) };
}

/** Sums by block of one group of rows. */
interface Cell {
  readonly where: FoundSlice['where'];
  readonly rows: number;
  /** What its rows count. */
  readonly counts: Float64Array;
  readonly candidate: Float64Array;
  readonly champion: Float64Array;
}

const half = (sums: Float64Array, odd: 0 | 1): Float64Array => sums.filter((_, block) => block % 2 === odd);
const total = (sums: Float64Array): number => sums.reduce((sum, value) => sum + value, 0);

function cellsOf(
  columns: readonly Binned[],
  { block, blocks, weight }: JudgedRows,
  losses: { readonly candidate: Float64Array; readonly champion: Float64Array },
  minRows: number,
): Cell[] {
  const bins = columns.map((column) => (columns.length === 1 ? column.fine : column.coarse));
  const width = bins.reduce((product, { labels }) => product * labels.length, 1);
  const sums = () => Array.from({ length: width }, () => new Float64Array(blocks));
  const [rows, counts, candidate, champion] = [sums(), sums(), sums(), sums()];
  for (let i = 0; i < block.length; i++) {
    let cell = 0;
    for (const { bin, labels } of bins) cell = bin[i]! < 0 || cell < 0 ? -1 : cell * labels.length + bin[i]!;
    if (cell < 0) continue;
    const own = weight ? weight[i]! : 1;
    rows[cell]![block[i]!]! += 1;
    counts[cell]![block[i]!]! += own;
    candidate[cell]![block[i]!]! += own * losses.candidate[i]!;
    champion[cell]![block[i]!]! += own * losses.champion[i]!;
  }
  return rows.flatMap((inside, cell) => {
    if (total(half(inside, 0)) < minRows / 2 || total(half(inside, 1)) < minRows / 2) return [];
    const last = bins.at(-1)!.labels.length;
    const place = columns.length === 1 ? [cell] : [Math.floor(cell / last), cell % last];
    const where = columns.map(({ name }, k) => ({ column: name, value: bins[k]!.labels[place[k]!]! }));
    return [
      { where, rows: total(inside), counts: counts[cell]!, candidate: candidate[cell]!, champion: champion[cell]! },
    ];
  });
}

/** How far the mean worsening lies above what is notable, in standard errors clustered by block. */
function searchStatistic(cell: Cell, notable: number): number {
  const counts = half(cell.counts, 0);
  const before = half(cell.champion, 0);
  const worse = half(cell.candidate, 0).map((sum, b) => sum - before[b]!);
  const [n, mean] = [total(counts), total(worse) / total(counts)];
  const squares = worse.reduce((sum, value, b) => sum + (value - mean * counts[b]!) ** 2, 0);
  const se = Math.sqrt((squares * counts.length) / (counts.length - 1)) / n;
  return se > 0 ? (mean - notable) / se : 0;
}

function judgeCell(cell: Cell, notable: number): { readonly slice: Omit<FoundSlice, 'p'>; readonly p: number } {
  const [counts, candidate, champion] = [cell.counts, cell.candidate, cell.champion].map((sums) => half(sums, 1)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const present = [...counts.keys()].filter((b) => counts[b]! > 0);
  const pick = (sums: Float64Array) => Float64Array.from(present, (b) => sums[b]!);
  const parts = { counts: pick(counts), candidate: pick(candidate), champion: pick(champion) };
  const [difference] = blockJackknife(
    (weights) => [(dot(weights, parts.champion) - dot(weights, parts.candidate)) / dot(weights, parts.counts)],
    present.length,
    LEVEL,
  );
  const mean = (sums: Float64Array) => total(sums) / total(cell.counts);
  const slice = {
    ...{ where: cell.where, rows: cell.rows },
    ...{ candidate: mean(cell.candidate), champion: mean(cell.champion), difference: difference! },
  };
  return { slice, p: pBelow(difference!, -notable) ?? 1 };
}
