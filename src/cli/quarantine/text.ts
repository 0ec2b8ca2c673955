/** Rows set aside, as people read them. */
import type { QuarantineRecord } from '../../data/validation/quarantine/record.ts';
import { reasonText } from '../../data/validation/quarantine/record.ts';
import type { Shown } from '../../data/validation/quarantine/show.ts';
import { utc } from '../../times.ts';
import { plainText } from '../table.ts';

const CELL = 60;

export function listText(model: string, runs: readonly QuarantineRecord[], vouched: readonly string[]): string {
  const force =
    vouched.length === 0
      ? ''
      : `\n\nVouches in force: ${vouched.map((digest) => digest.slice(0, 8)).join(', ')}. End one: hone data quarantine withdraw ${model} <vouch> --reason <text>`;
  if (runs.length === 0) return `No run of ${model} has set rows aside.${force}`;
  const lines = runs.map(({ run, as_of, verdict, rows, aside }) => {
    const reasons = aside.reasons
      .filter(({ count }) => count > 0)
      .map((reason) => `\n  ${reason.count} under ${cell(reasonText(reason))} (limit: ${cell(reason.limit)})`);
    return `${run}, data as of ${utc(as_of)}, ${verdict}ed: ${aside.file.rows} of ${rows} rows set aside${reasons.join('')}`;
  });
  return `${lines.join('\n')}${force}`;
}

export function shownText(model: string, record: QuarantineRecord, shown: Shown, rule: string | undefined): string {
  const { run, as_of } = record;
  if (shown.total === 0) {
    const names = record.aside.reasons.map(reasonText).join('", "');
    return `${run} set no row aside under "${plainText(rule ?? '')}". There are "${names}".`;
  }
  const under = rule === undefined ? '' : ` under ${plainText(rule)}`;
  const first = `${shown.rows.length} of ${shown.total} rows that ${run} set aside${under} (data as of ${utc(as_of)}).`;
  const rows = shown.rows.map(({ reasons, values }) => {
    const cells = Object.entries(values).map(([name, value]) => `${name} ${cell(value)}`);
    return `- ${reasons.map(cell).join('; ')}\n  ${cells.join(', ')}`;
  });
  const hidden =
    shown.hidden.length === 0
      ? ''
      : `\n\nNot shown, because monitoring.log does not keep them as they are: ${shown.hidden.map(cell).join(', ')}. --clear shows them.`;
  const next = `Take rows back after a change of the rule: hone data quarantine readmit ${model} --run ${run} --reason <text>`;
  return `${first}\n\n${rows.join('\n')}${hidden}\n\n${next}`;
}

export interface Readmitted {
  readonly model: string;
  readonly run: string;
  readonly how: 'vouched' | 'rule_changed';
  readonly rows: number;
  readonly held: readonly { rule: string; column: string | null; limit: string; count: number }[];
  readonly readmission: string;
  readonly already: boolean;
  readonly config_applied: boolean;
  readonly ledger_seq: number | null;
}

export function readmittedText(done: Readmitted): string {
  const { model, run, rows, held, readmission, already } = done;
  const again = already ? ' They were re-admitted already; nothing was written.' : '';
  if (done.how === 'vouched') {
    return (
      `${rows} rows of ${run} are vouched for.${again} From the next run on they stay in, as long as the rule and the rows are as they are now. ` +
      `End it: hone data quarantine withdraw ${model} ${readmission.slice(0, 8)} --reason <text>`
    );
  }
  const still = held.map((reason) => `${reasonText(reason)} (${reason.count} rows)`).join(', ');
  const rest = still === '' ? '' : ` Others still break ${still}, and stay aside.`;
  const apply = done.config_applied
    ? ''
    : ' The model file has changed since it was applied: run `hone config apply` first.';
  return `${rows} rows of ${run} hold the rules as they are now, and are re-admitted.${again}${rest} The next run takes them in from the source.${apply}`;
}

/** One value on one line. */
function cell(value: string | null): string {
  if (value === null) return 'null';
  const plain = plainText(value);
  return plain.length > CELL ? `${plain.slice(0, CELL - 1)}…` : plain;
}
