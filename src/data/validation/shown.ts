/** What of data may be shown, and how: names and values escaped and short; columns that the log policy guards stay out. */
import type { ModelConfig } from '../../config/model.ts';

const MAX_NAME = 80;
const MAX_VALUE = 120;

/** A name for a sentence: quoted, on one line, at most 80 characters, without anything that a terminal or page obeys. */
export function showName(name: string): string {
  return `"${escaped(shortened(name, MAX_NAME))}"`;
}

/** Names in a sentence: the first twelve. */
export function showNames(names: readonly string[]): string {
  const shown = names.slice(0, 12).map(showName).join(', ');
  return names.length > 12 ? `${shown}, … (${names.length} in all)` : shown;
}

/** A value or a limit, without quotes around it. */
export function showValue(value: unknown): string {
  return escaped(shortened(String(value), MAX_VALUE));
}

/** SQL or a pattern as a person wrote it, on one line. */
export function showCode(code: string): string {
  return withoutControls(shortened(code.replaceAll(/\s+/g, ' ').trim(), MAX_VALUE));
}

/** `0.305` as `30.5 %`. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

const singular: Readonly<Record<string, string>> = {
  are: 'is',
  have: 'has',
  do: 'does',
  lie: 'lies',
  name: 'names',
  repeat: 'repeats',
  break: 'breaks',
};

/** A predicate for so many: `are missing`, or `is missing` for one. */
export function agreeing(count: number, predicate: string): string {
  return count === 1 ? predicate.replace(/^\w+/, (verb) => singular[verb] ?? verb) : predicate;
}

export function setAsideSentence(count: number): string {
  return count === 1 ? 'It was set aside.' : 'They were set aside.';
}

/** `1 row`, `2 rows`. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}

/**
 * Columns whose values `monitoring.log` does not let through: hashed, coarsened or dropped there, not shown here. The
 * id, times and the label are shown unless they are listed.
 */
export function guardedColumns(config: ModelConfig): (column: string) => boolean {
  const { log } = config.monitoring;
  const { id, event_time: eventTime, label } = config.data;
  const open = new Set([id, eventTime, label.column, label.available_at]);
  const coarse = ['drop', 'bucket', 'truncate'].flatMap((key) => namesOf((log as Record<string, unknown>)[key]));
  const guarded = new Set([...log.hash, ...coarse]);
  const features = new Set([...config.features.use, ...Object.keys(config.features.sql)]);
  return (column) => {
    if (guarded.has(column)) return true;
    if (open.has(column)) return false;
    return log.keep === 'all_features' ? !features.has(column) : !log.keep.includes(column);
  };
}

function namesOf(setting: unknown): string[] {
  if (Array.isArray(setting)) return setting.map(String);
  return setting !== null && typeof setting === 'object' ? Object.keys(setting) : [];
}

function shortened(text: string, length: number): string {
  const characters = [...text.slice(0, 2 * length + 2)];
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : text;
}

/** Quotes, controls, directions, invisible characters and the brackets of markup as `\uXXXX`. */
function escaped(text: string): string {
  const marked = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return withoutControls(marked).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e');
}

function withoutControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
