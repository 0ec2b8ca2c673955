/** The slices of two versions side by side, worst difference first; those that are not judged say why. */
import { type SliceComparison, sliceRows } from '../../gate/compare-slices.ts';
import { type Html, html } from '../html.ts';
import { prose } from '../parts/prose.ts';
import { details, table } from '../parts/table.ts';

export function compareSlicesSection(compared: SliceComparison): Html {
  const { versions, of, against, metric, paired, slices } = compared;
  const judged = slices.filter(({ not_judged }) => not_judged === null);
  const left = slices.filter(({ not_judged }) => not_judged !== null);
  const head = [
    'Slice',
    ...(paired ? ['Rows'] : versions.map((version) => `Rows of version ${version}`)),
    ...versions.map((version) => `${metric}, version ${version}`),
    'Difference',
    ...(paired ? ['Bounds'] : []),
  ];
  const numeric = head.map((_, column) => column).slice(1, -1);
  const small = table({
    caption: 'Slices that are not judged, and why',
    head: ['Slice', 'Why'],
    rows: left.map(({ slice, not_judged: why }) => [slice, why]),
  });
  return html`<section aria-labelledby="slices"><h2 id="slices">Slices</h2>
<p class="soft">Version ${of} against version ${against} in ${metric}, worst first. ${
    paired
      ? 'Both scored the same rows; bounds are one-sided 95 %, of each slice alone.'
      : 'Each was scored on the rows of its own run, so a difference is one of rows and model together.'
  }</p>
${table({ caption: `Declared slices by ${metric}, worst difference first`, head, rows: sliceRows({ ...compared, slices: judged }), numeric, empty: slices.length === 0 ? prose('No slices are declared: `gate.slices.columns` names them.') : 'None has enough rows to be judged.' })}
${left.length > 0 && details(`${left.length} not judged`, small)}</section>`;
}
