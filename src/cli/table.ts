/** Tables for people: no lines, 80 columns, wide cells shortened in the middle. Off a terminal they look the same. */
import Table from 'cli-table3';

const WIDTH = 80;
const GAP = 2;
const MIN = 8;
/** A giving column keeps this much. */
const GIVEN = 16;

/**
 * Cells are plain text; control characters are taken out, because names and reasons come from outside.
 *
 * @param giving title of the column that is shortened before the others
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[], giving?: string): string {
  const clean = rows.map((row) => row.map(plainText));
  const widths = shrink(
    head.map((title, i) => Math.max(title.length, ...clean.map((row) => (row[i] ?? '').length))),
    head.indexOf(giving ?? ''),
  );
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '' };
  const below = { bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' };
  const between = {
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: ' '.repeat(GAP),
  };
  const made = new Table({
    chars: { ...none, ...below, ...between },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  for (const row of [head, ...clean]) made.push(row.map((cell, i) => shorten(cell, widths[i] ?? MIN)));
  return made.toString().replace(/ +$/gm, '');
}

/** Name and value pairs, one a line; long values go on below themselves. */
export function facts(rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + GAP;
  const below = `\n${' '.repeat(width)}`;
  return rows
    .map(([name, value]) => (name.padEnd(width) + wrap(plainText(value), WIDTH - width).join(below)).trimEnd())
    .join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

export function plainText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control and direction characters are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, ' ');
}

function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - tail)}…${text.slice(text.length - tail)}`;
}

/** Takes from the giving column, then from the widest one, until the line fits. */
function shrink(wanted: number[], giving: number): number[] {
  const widths = [...wanted];
  const total = () => widths.reduce((sum, width) => sum + width, 0) + GAP * (widths.length - 1);
  while (total() > WIDTH) {
    const widest = (widths[giving] ?? 0) > GIVEN ? giving : widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= MIN) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}
