/** A validation report for a person: the verdict, then each finding, worst first, in 80 columns. */
import type { DeliveryReport, PublicFinding } from '../../data/validation/delivery-report.ts';
import { utc } from '../../times.ts';
import type { Colors } from '../context.ts';
import { plainText } from '../table.ts';

const WIDTH = 80;
const EXAMPLES = 5;

const verdicts = {
  pass: 'Pass: fit to train on',
  quarantine: 'Quarantine: fit to train on without the rows set aside',
  reject: 'Reject: the whole delivery is refused',
} as const;

export function deliveryText(report: DeliveryReport, model: string, colors: Colors): string {
  const { verdict, rows, as_of: asOf, findings } = report;
  const paint = { pass: colors.green, quarantine: colors.yellow, reject: colors.red }[verdict];
  const when = asOf === null ? '' : `, as of ${utc(asOf)}`;
  const counts = `${rows.read} rows read, ${rows.accepted} accepted, ${rows.quarantined} set aside`;
  return [
    paint(`${verdicts[verdict]}.`),
    indented(`${model}${when}: ${counts}.`, '', ''),
    ...findings.map((each) => findingText(each, colors)),
  ].join('\n');
}

function findingText(finding: PublicFinding, colors: Colors): string {
  const { rule, severity, message, lines, examples = [] } = finding;
  const paint = { reject: colors.red, quarantine: colors.yellow, warn: colors.cyan }[severity];
  const shown = examples.slice(0, EXAMPLES).map((example) => indented(example, '    · ', '      '));
  const more = examples.length > EXAMPLES ? [`    … ${examples.length - EXAMPLES} more with --json`] : [];
  const where = lines?.length
    ? [indented(`${lines.length === 1 ? 'Line' : 'Lines'} ${lines.join(', ')}`, '  ', '  ')]
    : [];
  return ['', `${paint(severity)} ${rule}`, indented(message, '  ', '  '), ...where, ...shown, ...more].join('\n');
}

/** Wrapped; a word longer than a line is broken, so that nothing runs over the edge. */
function indented(text: string, first: string, others: string): string {
  const lines = [first];
  for (const word of plainText(text).split(' ').flatMap(pieces)) {
    const line = lines.at(-1) ?? '';
    const start = lines.length === 1 ? first : others;
    if (line !== start && line.length + 1 + word.length > WIDTH) lines.push(others + word);
    else lines[lines.length - 1] = line === start ? line + word : `${line} ${word}`;
  }
  return lines.join('\n');
}

function pieces(word: string): string[] {
  return word.match(/.{1,72}/gu) ?? [];
}
