/** Runs side by side for a terminal of 80 columns: one row a thing, one column a run. */
import type { RunComparison } from '../gate/compare-runs.ts';
import { type SliceComparison, sliceRows } from '../gate/compare-slices.ts';
import { figure, period } from '../gate/wording.ts';
import { count } from '../numbers.ts';
import { trialsText, wrap } from './run-text.ts';
import { table } from './table.ts';

export function comparisonText({ runs, differences, metrics, slices, sentence }: RunComparison): string {
  const head = ['', ...runs.map(({ run }) => run)];
  const about = [
    ['version', ...runs.map(({ version }) => String(version))],
    ['as of', ...runs.map((one) => one.as_of.slice(0, 16).replace('T', ' '))],
    ['trigger', ...runs.map(({ trigger }) => trigger)],
    ['verdict', ...runs.map(({ verdict }) => verdict)],
    ['judged on', ...runs.map(({ rows }) => `${count(rows)} rows`)],
    ['', ...runs.map(({ window }) => (window ? period(window) : '-'))],
    ['label mean', ...runs.map(({ label_mean: mean }) => (mean === null ? '-' : mean.toFixed(4)))],
  ];
  const figures = metrics.map(({ metric, values }) => [
    metric,
    ...values.map((value) => (value === null ? '-' : figure(metric, value.estimate))),
  ]);
  const changed = differences.map(({ what, values }) => [what, ...values.map((value) => short(value))]);
  const trials = runs.flatMap(({ run, search }) => (search ? [`Trials of ${run}\n${trialsText(search)}`] : []));
  return [
    wrap(sentence).join('\n'),
    table(head, [...about, ...figures]),
    ...(slices === null || slices.slices.length === 0 ? [] : [slicesText(slices)]),
    changed.length === 0 ? 'Nothing that went in differs.' : table(['DIFFERS', ...runs.map(({ run }) => run)], changed),
    ...trials,
  ].join('\n\n');
}

const SLICES_SHOWN = 20;

/** Bounds do not fit beside the rest; --json has them. */
function slicesText(compared: SliceComparison): string {
  const { versions, of, against, metric, paired, slices } = compared;
  const how = paired ? 'on the same rows' : 'each on the rows of its own run';
  const head = [
    'SLICE',
    ...(paired ? ['ROWS'] : versions.map((version) => `ROWS OF ${version}`)),
    ...versions.map((version) => `VERSION ${version}`),
    'DIFFERENCE',
  ];
  const rows = sliceRows({ ...compared, slices: slices.slice(0, SLICES_SHOWN) });
  const left = slices.length - SLICES_SHOWN;
  return [
    ...wrap(`Slices by ${metric}, ${how}: version ${of} against version ${against}, worst first.`),
    table(
      head,
      rows.map((cells) => cells.slice(0, head.length)),
      'DIFFERENCE',
    ),
    ...(left > 0 ? [`and ${left} more; --json has all`] : []),
  ].join('\n');
}

/** Digests by their first twelve digits. */
const short = (value: string | null): string => {
  if (value === null) return '-';
  return /^[0-9a-f]{40,64}$/.test(value) ? value.slice(0, 12) : value;
};
