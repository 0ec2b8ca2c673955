/** What a drift verdict says to a person: what, how much against which limit, on how many rows and when, then what next. */

import { count } from '../numbers.ts';
import type { ColumnDrift, ColumnProfile, DriftReport, ReferenceProfile } from './contract.ts';
import type { JudgeOptions } from './judge-options.ts';
import { meanOf, type Points, pointsOf, standardDeviationOf } from './points.ts';
import { predictionColumn } from './prediction-column.ts';

export interface SentenceContext {
  readonly name: string;
  readonly reference: ReferenceProfile;
  readonly current: ColumnProfile | undefined;
  readonly options: JudgeOptions;
}

export function columnSentence(drift: Omit<ColumnDrift, 'sentence'>, context: SentenceContext): string {
  const { name, reference, current, options } = context;
  const place = drift.importance === undefined ? '' : `; ${importanceText(drift.importance)}`;
  const rows = `${whole(drift.n_current)} rows, ${options.windowName}, against ${reference.name} (${whole(drift.n_reference)} rows)${place}`;
  if (current === undefined) return `${name} is not in the current window: not judged. Check what writes it.`;
  const before = reference.columns[name]?.profile.kind;
  if (current.kind !== before) {
    return `${name} is ${current.kind} now and was ${before} in ${reference.name}. Check its type at the source.`;
  }
  if (drift.verdict === 'not_judged') {
    if (drift.missing.reference === 1 && drift.missing.current === 1) {
      return `${name}: not judged (no value in either window), ${rows}. Check what writes it.`;
    }
    const fewest = Math.min(drift.n_current, drift.n_reference);
    return `${name}: not judged (too few rows: ${whole(fewest)} of ${options.minRows} needed), ${rows}. Wait for more rows.`;
  }
  const noise = {
    reference_days: "noise of the reference's own days",
    permutation: 'noise of so few rows',
    formula: 'noise of independent rows',
  }[drift.noise_from ?? 'formula'];
  const limit = `PSI ${short(drift.psi)} (limit ${short(options.psiLimit)}, ${noise} ${short(drift.noise)})`;
  if (drift.verdict === 'moved')
    return `${title(name)} moved: ${what(drift, context)}${limit}, ${rows}. ${adviceOn(context)}`;
  const within = (drift.psi ?? 0) > options.psiLimit ? 'within noise' : 'stable';
  return `${title(name)} ${name === predictionColumn ? 'are' : 'is'} ${within}: ${limit}, ${rows}.`;
}

export function datasetSentence(
  dataset: Omit<DriftReport['dataset'], 'sentence'>,
  columns: number,
  drifts: Readonly<Record<string, ColumnDrift>>,
  options: JudgeOptions,
): string {
  const unjudged = columns - dataset.judged;
  const rest = unjudged > 0 ? ` ${unjudged} not judged.` : '';
  if (dataset.verdict === 'not_judged') return `No column could be judged (${options.windowName}): wait for more rows.`;
  if (dataset.moved.length === 0) return `None of ${dataset.judged} columns moved (${options.windowName}).${rest}`;
  const excess = (name: string): number => (drifts[name]?.psi ?? 0) - (drifts[name]?.threshold ?? 0);
  const first = [...dataset.moved].sort((a, b) => excess(b) - excess(a)).slice(0, 3);
  const named = first.map((name) => `${name} (PSI ${short(drifts[name]?.psi ?? null)})`).join(', ');
  const others = dataset.moved.length > 3 ? ` and ${dataset.moved.length - 3} more` : '';
  const carried = dataset.importance_moved;
  const weight = carried == null ? '' : `, ${percent(carried)} of the model's importance`;
  return `${dataset.moved.length} of ${dataset.judged} columns moved${weight} (${options.windowName}): ${named}${others}.${rest}`;
}

function importanceText({ rank, of, share }: NonNullable<ColumnDrift['importance']>): string {
  if (share === 0) return 'the model makes no use of it';
  return `feature ${rank} of ${of} by importance (${percent(share)})`;
}

/** Predictions are kept as a column like the others, under a name that nobody else uses. */
function title(name: string): string {
  return name === predictionColumn ? 'The predictions' : name;
}

function adviceOn({ name, reference }: SentenceContext): string {
  if (name === predictionColumn) return 'Compare them with the label rate as labels come in.';
  if (stoodStillAt(reference.columns[name]?.profile) === null) return 'Look at its source before retraining.';
  return 'It never varied before, so the model cannot use it: look at its source; a retraining can, once rows with the new values have labels.';
}

/** The one value of a number that never varied in the reference; null where it did, or was missing at times. */
function stoodStillAt(profile: ColumnProfile | undefined): number | null {
  if (profile?.kind !== 'numeric' || profile.fine.kind !== 'exact' || profile.missing > 0) return null;
  return profile.fine.values.length === 1 ? (profile.fine.values[0] ?? null) : null;
}

/** `it stood still at 0.4149 in the whole reference and now stands at 0.5005 in 100 % of rows`. */
function awakening(still: number, current: ColumnProfile, rows: number): string {
  if (current.kind !== 'numeric') return '';
  const { at, counts } = pointsOf(current);
  const others = [...at.keys()].filter((i) => at[i] !== still);
  const share = others.reduce((sum, i) => sum + (counts[i] ?? 0), 0) / rows;
  const [first = 0] = others;
  const now = others.length === 1 ? `stands at ${digits4(at[first] ?? 0)}` : `has ${whole(others.length)} other values`;
  return `it stood still at ${digits4(still)} in the whole reference and now ${now} in ${percent(share)} of rows, `;
}

/** The largest part of a move in the column's own terms. */
function what(drift: Omit<ColumnDrift, 'sentence'>, { name, reference, current }: SentenceContext): string {
  const before = reference.columns[name]?.profile;
  const { missing } = drift;
  if (Math.abs(missing.current - missing.reference) >= 0.05) {
    return `missing in ${percent(missing.reference)} → ${percent(missing.current)} of rows, `;
  }
  const still = stoodStillAt(before);
  if (still !== null && current !== undefined) return awakening(still, current, drift.n_current);
  if (before?.kind === 'numeric' && current?.kind === 'numeric') {
    const [a, b] = [pointsOf(before), pointsOf(current)];
    if (a.total === 0 || b.total === 0) return '';
    const sd = standardDeviationOf(a);
    const shift = sd > 0 ? Math.abs(meanOf(b) - meanOf(a)) / sd : null;
    if (shift === null || shift < 0.1) return shapeChange(a, b, sd);
    return `mean ${short(meanOf(a))} → ${short(meanOf(b))} (${short(shift)} standard deviations), `;
  }
  if (before?.kind === 'categorical' && current?.kind === 'categorical') {
    if ((drift.new_category_share ?? 0) >= 0.05) {
      return `${percent(drift.new_category_share ?? 0)} of rows have values never seen before (${drift.new_categories.slice(0, 3).join(', ')}), `;
    }
    const share = (profile: typeof before, level: string): number =>
      (profile.counts[profile.levels.indexOf(level)] ?? 0) / profile.rows;
    const levels = [...new Set([...before.levels.slice(0, 100), ...current.levels.slice(0, 100)])];
    const mover = levels.sort(
      (x, y) => Math.abs(share(current, y) - share(before, y)) - Math.abs(share(current, x) - share(before, x)),
    )[0];
    if (mover === undefined) return '';
    return `${mover} ${percent(share(before, mover))} → ${percent(share(current, mover))} of rows, `;
  }
  return '';
}

/** A move that leaves the mean where it was: a value that stopped or began to dominate, or another spread. */
function shapeChange(a: Points, b: Points, sd: number): string {
  const share = ({ at, counts, total }: Points, value: number) => (counts[at.indexOf(value)] ?? 0) / total;
  const largest = ({ at, counts }: Points) => at[counts.indexOf(Math.max(...counts))] ?? 0;
  const change = (value: number) => Math.abs(share(b, value) - share(a, value));
  const [value = 0] = [largest(a), largest(b)].sort((x, y) => change(y) - change(x));
  if (change(value) >= 0.1) {
    return `${digits4(value)} in ${percent(share(a, value))} → ${percent(share(b, value))} of rows, `;
  }
  return `mean ${digits(meanOf(a))} as before, standard deviation ${digits(sd)} → ${digits(standardDeviationOf(b))}, `;
}

function digits4(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function digits(value: number): string {
  return Math.abs(value) >= 100 ? whole(value) : String(Number(value.toPrecision(3)));
}

export function whole(value: number): string {
  return count(Math.round(value));
}

export function percent(value: number): string {
  return `${(value * 100).toFixed(value !== 0 && Math.abs(value) < 0.1 ? 1 : 0)} %`;
}

/** Three significant digits, at least two decimals under ten. */
export function short(value: number | null): string {
  if (value === null) return 'unknown';
  const size = Math.abs(value);
  return size >= 100
    ? whole(value)
    : size >= 10
      ? value.toFixed(1)
      : size >= 0.01 || size === 0
        ? value.toFixed(2)
        : value.toPrecision(1);
}
