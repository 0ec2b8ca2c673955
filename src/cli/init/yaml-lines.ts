/** Lines of a model file: values as the `yaml` package writes them, with comments that cannot break out of their line. */
import { Document, isCollection } from 'yaml';
import { plainText } from '../table.ts';

const COMMENT_AT = 39;
const WIDTH = 120;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not stand in a file
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/;

/** A value on one line, as `{ column: dest, in: [a, b] }`, quoted where it must be. */
export function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (value === null || typeof value !== 'object') return scalar(value);
  const pairs = Object.entries(value).map(([key, one]) => `${scalar(key)}: ${inline(one)}`);
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

/** Quoted as inside a list on one line, which is the strictest place. */
function scalar(value: unknown): string {
  if (typeof value === 'string' && UNSEEN.test(value)) return escaped(value);
  const document = new Document([value]);
  if (isCollection(document.contents)) document.contents.flow = true;
  return document.toString({ lineWidth: 0, flowCollectionPadding: false }).trimEnd().slice(1, -1);
}

/** JSON is YAML; what it leaves unseen is escaped too. */
function escaped(text: string): string {
  const code = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replaceAll(/[\u007f-\u009f\u2028\u2029\ufeff]/g, code);
}

/** `key: value   # comment`; the comment stands in its column where there is room. */
export function line(indent: number, key: string, value: unknown, comment?: string): string {
  return withComment(`${' '.repeat(indent)}${key}: ${inline(value)}`, comment);
}

export function withComment(text: string, comment?: string): string {
  return comment === undefined ? text : `${`${text}  `.padEnd(COMMENT_AT - 1)} ${remark(comment)}`;
}

/** Text from data, such as a column's name, may hold anything: control characters would end the comment. */
export function remark(comment: string): string {
  return `# ${plainText(comment)}`;
}

/** `key: [a, b, …]` over as many lines as it needs. */
export function list(indent: number, key: string, values: readonly string[]): string[] {
  const head = `${' '.repeat(indent)}${key}: [`;
  const lines: string[] = [];
  let current = head;
  values.forEach((value, i) => {
    const text = `${scalar(value)}${i === values.length - 1 ? ']' : ','}`;
    if (current.length + text.length + 1 > WIDTH && current.trim() !== head.trim()) {
      lines.push(current.trimEnd());
      current = ' '.repeat(head.length);
    }
    current += `${text} `;
  });
  return values.length === 0 ? [`${head}]`] : [...lines, current.trimEnd()];
}
